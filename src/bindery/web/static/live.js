// An address of server-sent events, watched through restarts of the server.

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 10000;

/** Calls `show(data)` with what comes. `said` shows whether the connection lives: it is hidden while it does, and says
 * `texts.connection_lost` when nothing can come, or why nothing will come any more. */
export function watch(path, show, said, texts) {
  let source = null;
  let pause = FIRST_PAUSE;
  let timer = null;
  let over = false;
  const tell = (text) => {
    said.textContent = text;
    said.hidden = !text;
  };
  const open = () => {
    source = new EventSource(path);
    source.addEventListener("message", (event) => {
      pause = FIRST_PAUSE;
      tell("");
      show(JSON.parse(event.data));
    });
    source.addEventListener("failed", (event) => {
      end();
      const { Code, Message } = JSON.parse(event.data);
      tell(`${Code}: ${Message}`);
    });
    source.addEventListener("error", () => {
      if (over) return;
      // After its longest time the server ends a stream, and the browser begins the next one: nothing to tell of.
      timer ??= setTimeout(lost, FIRST_PAUSE);
    });
    source.addEventListener("open", () => {
      clearTimeout(timer);
      timer = null;
    });
  };
  // A browser gives up when a starting server, or a proxy before it, answers with an error.
  const lost = async () => {
    timer = null;
    if (over || source.readyState === EventSource.OPEN) return;
    tell(texts.connection_lost);
    if (source.readyState !== EventSource.CLOSED) return;
    const signedOut = await isSignedOut();
    if (over) return;
    if (signedOut) return location.assign("/sign-in?to=" + encodeURIComponent(location.pathname + location.search));
    timer = setTimeout(() => { timer = null; open(); }, pause);
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  };
  const end = () => {
    over = true;
    clearTimeout(timer);
    source.close();
  };
  open();
  addEventListener("pagehide", end);
  addEventListener("pageshow", (event) => { if (event.persisted) { over = false; open(); } });
}

async function isSignedOut() {
  try {
    return (await fetch(location.href, { headers: { accept: "application/json" } })).status === 401;
  } catch { return false; }
}
