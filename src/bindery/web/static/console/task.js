// Work that a call has begun: asked for until it is over.

import { ask } from "../dom.js";

/** Calls `show` with each answer, the last one too; `type` is the task's as GetTask wants it. */
export async function followTask(project, task, type, milliseconds, show) {
  for (;;) {
    const found = await ask(`/console/tasks/${encodeURIComponent(project)}/${encodeURIComponent(task)}?type=${type}`);
    show(found);
    if (found.Status !== "Running") return;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}
