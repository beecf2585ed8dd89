// What exists already, offered where a name is asked for.

import { h, offering } from "../dom.js";

const KINDS = { Bucket: "buckets", OSSBucket: "buckets", SourceURI: "uris", URIs: "uris", ProjectName: "projects", DatasetName: "datasets", URI: "uris", TaskId: "tasks", UserName: "users", GroupName: "groups", RoleName: "roles", PolicyName: "policies" };

/** `pick(name, values)`: `{list, load}` with a datalist that `load` fills; null where there is nothing to offer. */
export function makePicker() {
  let count = 0;
  return (name, values) => {
    const kind = KINDS[name];
    if (!kind) return null;
    const list = h("datalist", { id: `offered-${(count += 1)}` });
    const offer = offering(list);
    const load = () => {
      const held = values();
      const query = new URLSearchParams(Object.entries({ project: held.ProjectName, dataset: held.DatasetName }).filter(([, value]) => typeof value === "string" && value));
      return offer(kind, query);
    };
    return { list, load };
  };
}
