// Figures as people read them.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** A size: `4.2 MB`. */
export function bytes(count) {
  let at = 0;
  while (count >= 1000 && at < UNITS.length - 1) { count /= 1000; at += 1; }
  return `${at ? count.toFixed(1) : count} ${UNITS[at]}`;
}

/** A time that is left or was taken: `42 s`, `5 min`, `1.5 h`. */
export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
