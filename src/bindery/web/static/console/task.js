// Work that a call has begun: asked for until it is over.

import { ask } from "../dom.js";

const PATIENCE = 60_000; // milliseconds without an answer: the work goes on while a server starts anew

/** Calls `show` with each answer, the last one too; `type` is the task's as GetTask wants it. */
export async function followTask(project, task, type, milliseconds, show) {
  const address = `/console/tasks/${encodeURIComponent(project)}/${encodeURIComponent(task)}?type=${type}`;
  let answered = Date.now();
  for (;;) {
    try {
      const found = await ask(address);
      answered = Date.now();
      show(found);
      if (found.Status !== "Running") return;
    } catch (error) {
      if (!error.passing || Date.now() - answered > PATIENCE) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}
