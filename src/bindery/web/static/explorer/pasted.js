// A call that somebody has from elsewhere: JSON, a query string or URL, or a command of `aliyun` or `bindery call`.

const COMMON = new Set(["Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "SignatureType", "Timestamp", "SecurityToken", "RegionId"]);

/** `{action, values}`; action is empty when the text does not say it. Throws an Error for what is none of these. */
export function readPasted(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return fromPairs(Object.entries(JSON.parse(trimmed)));
  if (/^(aliyun|bindery)\s/.test(trimmed)) return fromCommand(words(trimmed));
  const query = trimmed.includes("?") ? trimmed.slice(trimmed.indexOf("?") + 1) : trimmed;
  if (!/^[^=\s]+=/.test(query)) throw new Error("neither");
  return fromPairs([...new URLSearchParams(query.split("#")[0])]);
}

function fromPairs(pairs) {
  const given = Object.fromEntries(pairs);
  const values = Object.fromEntries(pairs.filter(([name]) => !COMMON.has(name)).map(([name, value]) => [name, parsed(value)]));
  return { action: String(given.Action ?? ""), values };
}

function fromCommand(parts) {
  const names = parts.slice(1).filter((part, at) => !part.startsWith("--") && !parts[at]?.startsWith("--"));
  const action = names.find((name) => /^[A-Z]/.test(name)) ?? "";
  const pairs = [];
  for (let at = 0; at < parts.length; at += 1) {
    if (!/^--[A-Z]/.test(parts[at])) continue;
    const [name, ...rest] = parts[at].slice(2).split("=");
    pairs.push([name, rest.length ? rest.join("=") : parts[++at] ?? ""]);
  }
  return { action, values: fromPairs(pairs).values };
}

function parsed(value) {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try { return JSON.parse(value); } catch { return value; }
}

/** The words of a command line, as a shell of POSIX splits them. */
export function words(line) {
  const found = [];
  let word = null;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at];
    if (quote) {
      if (letter === quote) quote = "";
      else if (letter === "\\" && quote === '"' && /["\\$`]/.test(line[at + 1] ?? "")) word += line[++at];
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === "\\") {
      const next = line[++at] ?? "";
      if (next !== "\n") word = (word ?? "") + next;
    } else if (/\s/.test(letter)) {
      if (word !== null) found.push(word);
      word = null;
    } else word = (word ?? "") + letter;
  }
  if (word !== null) found.push(word);
  return found;
}
