// A worker for flowengine in JavaScript: it needs Node 18 or later, and nothing else.
//
//   FLOW_URL=http://127.0.0.1:8080 FLOW_TOKEN=flow_… node worker.mjs
//
// It claims calls, prolongs their leases while it works, and reports how they ended. Whatever happens to it, no call is
// lost: when it falls silent its lease runs out, and the call is given to another worker.

const URL_OF_FLOW = process.env.FLOW_URL ?? "http://127.0.0.1:8080";
const NAME = `saw-${process.pid}`;
const LEASE = 30; // seconds; a third of it goes by between two heartbeats

// What this worker can do: the names of handlers, as processes call them. `key` is the same at each attempt of a call:
// hand it on to whatever can refuse to do a thing twice.
const stock = { oak: 2, pine: 0 };
const handlers = {
  async cut_planks({ input, key, signal, say }) {
    for (let done = 1; done <= input.planks; done += 1) {
      if (signal.aborted) return undefined; // nobody waits for this any more
      await pause(0.05);
      say(`${done} of ${input.planks} planks cut`);
    }
    if (!(input.wood in stock)) throw new GiveUp(`nobody knows ${input.wood}`);
    if (stock[input.wood] === 0) return { outcome: "out_of_stock", result: { wood: input.wood } };
    return { result: { pile: `${input.wood}-${key.slice(-6)}`, planks: input.planks } };
  },
};

class GiveUp extends Error {} // trying again is of no use
class Refused extends Error {}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function ask(path, body) {
  const answer = await fetch(`${URL_OF_FLOW}/api/v1/calls/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${process.env.FLOW_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  if (answer.ok) return found;
  if (answer.status >= 500) throw new Error(found.what); // the server's trouble: the same again, a little later
  throw new Refused(`${found.error}: ${found.what}`);
}

// A report may be sent again until it is answered: it takes effect once, and is answered alike. Where it is refused the
// lease is lost, and what came of the work is dropped.
async function report(call, what, body) {
  for (let wait = 0.5; ; wait = Math.min(wait * 2, 10)) {
    try {
      return await ask(`${call.id}/${what}`, { lease: call.lease, ...body });
    } catch (error) {
      if (error instanceof Refused) return { status: error.message };
      await pause(wait);
    }
  }
}

async function work(call) {
  const over = new AbortController();
  let progress = "";
  const beat = setInterval(() => {
    ask(`${call.id}/heartbeat`, { lease: call.lease, seconds: LEASE, progress }).catch((error) => {
      if (error instanceof Refused) over.abort(); // the lease is lost
    });
  }, (LEASE * 1000) / 3);
  try {
    const ended = await handlers[call.handler]({ ...call, signal: over.signal, say: (words) => (progress = words) });
    if (over.signal.aborted) return;
    const settled = await report(call, "finish", ended ?? {});
    console.log(`${call.handler} for ${call.customer.name}: ${settled.status}`);
  } catch (error) {
    const settled = await report(call, "fail", { error: error.message, give_up: error instanceof GiveUp });
    console.log(`${call.handler} failed, ${settled.status}: ${error.message}`);
  } finally {
    clearInterval(beat);
  }
}

let running = true;
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => (running = false));

console.log(`${NAME} asks ${URL_OF_FLOW} for work`);
while (running) {
  try {
    const { calls } = await ask("claim", { worker: NAME, max: 4, seconds: LEASE, wait: 5 });
    await Promise.all(calls.map(work));
  } catch (error) {
    console.error(error.message);
    if (error instanceof Refused) process.exit(1); // the token, most likely
    await pause(1);
  }
}
