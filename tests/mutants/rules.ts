/**
 * The rules of runs (docs/decisions/0010): each with the file of tests/workers/runs whose tests name it, and a change of
 * the code that leaves it out, which they must catch. A rule without one fails.
 */
import type { Mutant } from "./mutants";

const FOLDER = "durable-objects/session";
const LINK = `${FOLDER}/runs/runner-link.ts`;
const STEPS = `${FOLDER}/runs/run-steps.ts`;
const STATE = `${FOLDER}/runs/run-state.ts`;
const SOCKETS = `${FOLDER}/runs/runner-sockets.ts`;
const RUNS = `${FOLDER}/runs/runs.ts`;
const ITEMS = `${FOLDER}/content/run-items.ts`;
const REQUESTS = `${FOLDER}/content/requests.ts`;
const MESSAGES = `${FOLDER}/content/messages.ts`;
const ROW_SYNC = `${FOLDER}/row-sync.ts`;
const ROWS = "app/sessions/lifecycle/lifecycle-statements.server.ts";

/** A rule of runs. */
interface Rule {
  /** As its tests name it: "[begin] …". */
  rule: string;
  /** What it says. */
  says: string;
  /** The file of tests/workers/runs. */
  tests: string;
  mutant: Pick<Mutant, "file" | "from" | "to">;
}

const attach: Omit<Rule, "tests">[] = [
  {
    rule: "attach-frame",
    says: "Opening a socket changes nothing: only the frame `attach` does.",
    mutant: {
      file: SOCKETS,
      from: `    this.#ctx.acceptWebSocket(server, [RUNNER]);`,
      to: `    this.closeWhere(() => true, RUNNER_CLOSED.gone);
    this.#ctx.acceptWebSocket(server, [RUNNER]);`,
    },
  },
  {
    rule: "attach-first",
    says: "The first frame of a socket is `attach`, and it comes once.",
    mutant: {
      file: LINK,
      from: `    if ((frame.type === "attach") !== (held.state === "waiting")) return false;`,
      to: ``,
    },
  },
  {
    rule: "attach-deleting",
    says: "A session that is being deleted is closed to runners with 4004.",
    mutant: {
      file: LINK,
      from: `    if (state.deleting) return this.#sockets.close(socket, RUNNER_CLOSED.deleted);`,
      to: ``,
    },
  },
  {
    rule: "attach-empty",
    says: "An empty object closes with 1011 and stores nothing: the gate decides next time.",
    mutant: {
      file: LINK,
      from: `    if (!state) return this.#sockets.close(socket, RUNNER_CLOSED.empty);`,
      to: `    if (!state) return this.#sockets.close(socket, RUNNER_CLOSED.moved);`,
    },
  },
  {
    rule: "attach-moved",
    says: "A socket of an earlier assignment is closed with 4009.",
    mutant: {
      file: LINK,
      from: `    if (held.assign < before.assign || isOfAnother) {`,
      to: `    if (isOfAnother) {`,
    },
  },
  {
    rule: "adopt",
    says: "`attach` of a newer assignment is adopted: the run of the one before is interrupted.",
    mutant: { file: LINK, from: `    this.#steps.adopt(held);`, to: `` },
  },
  {
    rule: "attach-older",
    says: "Every socket with a smaller number is dead; that of another process is told so by 4010.",
    mutant: {
      file: SOCKETS,
      from: `isAnother ? RUNNER_CLOSED.replaced : RUNNER_CLOSED.gone`,
      to: `RUNNER_CLOSED.gone`,
    },
  },
  {
    rule: "n",
    says: "Never a newer socket: what counts is which was opened last.",
    mutant: {
      file: SOCKETS,
      from: `      if (n >= held.n) continue;`,
      to: `      if (other === socket) continue;`,
    },
  },
  {
    rule: "attach-run",
    says: "A run goes on only with the same process, which still holds it; otherwise it is interrupted.",
    mutant: {
      file: LINK,
      from: `    const goesOn = run?.id === holds && run?.instance === instance;`,
      to: `    const goesOn = run?.id === holds;`,
    },
  },
  {
    rule: "attached",
    says: "`attached` says what waits, how far the run is kept, whether it is to stop and what was answered.",
    mutant: { file: LINK, from: `          stop: run.stop === 1,`, to: `          stop: false,` },
  },
  {
    rule: "attached-first",
    says: "Nothing goes to a socket before its `attached`.",
    mutant: {
      file: SOCKETS,
      from: `      (socket) => attachmentOf(socket).state === "linked" && socket.readyState === WebSocket.OPEN,`,
      to: `      (socket) => socket.readyState === WebSocket.OPEN,`,
    },
  },
  {
    rule: "acp-session",
    says: "The session that an agent itself keeps is stored for each runner.",
    mutant: {
      file: STATE,
      from: `    if (acpSession !== undefined) runs.setAcpSession(run.runner, acpSession);`,
      to: ``,
    },
  },
  {
    rule: "memory",
    says: "What is known of a socket survives that the object sleeps.",
    mutant: {
      file: SOCKETS,
      from: `    this.#keep(socket, { ...held, instance, state: "linked" });`,
      to: `    Object.assign(held, { instance, state: "linked" });`,
    },
  },
];

const begin: Omit<Rule, "tests">[] = [
  {
    rule: "queued",
    says: "A message of the owner waits visibly until it is handed over.",
    mutant: {
      file: STATE,
      from: `      this.setStatus("queued", now);
    } else if`,
      to: `    } else if`,
    },
  },
  {
    rule: "messages",
    says: "A message that waits goes to the linked runner at once.",
    mutant: {
      file: STEPS,
      from: `    this.#sockets.send({ type: "messages", messages: [{ id, author, text, created_at }] });`,
      to: ``,
    },
  },
  {
    rule: "begin",
    says: "A run begins for the oldest message that waits, which is handed over in the same turn.",
    mutant: {
      file: RUNS,
      from: `    this.#write("UPDATE state SET handled = ?, run_seq = 0", run.turn);`,
      to: `    this.#write("UPDATE state SET run_seq = 0");`,
    },
  },
  {
    rule: "begin-again",
    says: "The same `begin` again, while its run is running, is answered again.",
    mutant: {
      file: LINK,
      from: `      if (isSame) this.#sockets.send({ type: "begun", run });`,
      to: ``,
    },
  },
  {
    rule: "begin-else",
    says: "Any other `begin` is not expected.",
    mutant: {
      file: LINK,
      from: `    if (messages.nextQueued(before.handled) !== turn || runs.has(run)) return false;`,
      to: `    if (runs.has(run)) return false;`,
    },
  },
  {
    rule: "withdraw",
    says: "What waits can be taken back: no run gets it, and the runner is told.",
    mutant: {
      file: MESSAGES,
      from: `"role = 'user' AND withdrawn = 0"`,
      to: `"role = 'user'"`,
    },
  },
];

const frames: Omit<Rule, "tests">[] = [
  {
    rule: "items-seq",
    says: "Frames are kept in order, each once; one that was kept is answered by how far the run is kept.",
    mutant: {
      file: LINK,
      from: `    if (frame.seq <= before.run_seq) {`,
      to: `    if (frame.seq < before.run_seq) {`,
    },
  },
  {
    rule: "items-else",
    says: "A frame that skips a number or is of another run is not expected.",
    mutant: {
      file: LINK,
      from: `    if (run?.id !== frame.run || frame.seq > before.run_seq + 1) return false;`,
      to: `    if (run?.id !== frame.run) return false;`,
    },
  },
  {
    rule: "upsert",
    says: "What a run sends with the same key is the same item; a request is never asked again.",
    mutant: {
      file: ITEMS,
      from: `  if (known?.kind === "permission") return known;`,
      to: ``,
    },
  },
  {
    rule: "text",
    says: "A text that grows is one message.",
    mutant: {
      file: ITEMS,
      from: `    if (!known) return addMessage(clientKey, text, nextSeq());`,
      to: `    if (!known || known) return addMessage(clientKey + nextSeq(), text, nextSeq());`,
    },
  },
  {
    rule: "fields",
    says: "The title that an agent gives becomes the automatic one.",
    mutant: {
      file: STATE,
      from: `frame.seq, agent_message, now, title ?? null, now],`,
      to: `frame.seq, agent_message, now, title ? null : null, now],`,
    },
  },
  {
    rule: "sizes",
    says: "What is too long is cut, with a word about it.",
    mutant: {
      file: ITEMS,
      from: `    const text = cutText(sent.text, MESSAGE_BYTES);`,
      to: `    const text = sent.text;`,
    },
  },
  {
    rule: "end",
    says: "The last frame ends the run with its outcome; no frame is expected after it.",
    mutant: {
      file: RUNS,
      from: `    return newest?.ended_at === null ? newest : undefined;`,
      to: `    return newest?.outcome === "done" || newest?.ended_at === null ? newest : undefined;`,
    },
  },
  {
    rule: "end-expires",
    says: "What a run has asked expires with it, in the same turn.",
    mutant: {
      file: STATE,
      from: `    const expired = this.#session.requests.expireOfRun(run, now);
    if (seq !== undefined)`,
      to: `    const expired: Item[] = [];
    if (seq !== undefined)`,
    },
  },
  {
    rule: "delta",
    says: "A piece of a text goes to pages at once, only of the running run, and not once it is to stop.",
    mutant: {
      file: LINK,
      from: `    if (running?.id !== run || running.stop === 1) return;`,
      to: `    if (running?.id !== run) return;`,
    },
  },
  {
    rule: "news",
    says: "Open pages hear of everything that happens in a run.",
    mutant: {
      file: LINK,
      from: `      this.#news.changed(before, this.#storage.runState.keep(run, frame, Date.now()));`,
      to: `      this.#storage.runState.keep(run, frame, Date.now());`,
    },
  },
];

const owner: Omit<Rule, "tests">[] = [
  {
    rule: "answer",
    says: "The runner is told what the owner has chosen.",
    mutant: {
      file: STEPS,
      from: `    this.#sockets.send({ type: "answer", run, key, option: body.option! });`,
      to: ``,
    },
  },
  {
    rule: "answer-first",
    says: "The first answer wins.",
    mutant: {
      file: REQUESTS,
      from: `    const isTaken = openRequest(item) !== undefined && isAsked && isKnown;`,
      to: `    const isTaken = isAsked && isKnown;`,
    },
  },
  {
    rule: "answer-option",
    says: "Only an option of the request is an answer.",
    mutant: {
      file: REQUESTS,
      from: `openRequest(item) !== undefined && isAsked && isKnown;`,
      to: `openRequest(item) !== undefined && isAsked;`,
    },
  },
  {
    rule: "answer-over",
    says: "A run that is over takes no answer.",
    mutant: {
      file: REQUESTS,
      from: `    const isTaken = openRequest(item) !== undefined && isAsked && isKnown;`,
      to: `    const isTaken = isKnown;`,
    },
  },
  {
    rule: "answer-run",
    says: "An answer to an agent without a run is not told to the runner.",
    mutant: {
      file: STEPS,
      from: `    if (run === null || key === null || body.kind !== "permission") return;`,
      to: `    if (body.kind !== "permission") return;`,
    },
  },
  {
    rule: "answer-stop",
    says: "A run that is to stop takes no answer.",
    mutant: {
      file: STATE,
      from: `    const expired = this.#session.requests.expireOfRun(run, now);
    this.settle(now, false);`,
      to: `    const expired: Item[] = [];
    this.settle(now, false);`,
    },
  },
  {
    rule: "items-stop",
    says: "What a run asks while it is to stop is expired from the beginning.",
    mutant: {
      file: ITEMS,
      from: `  return body.kind === "permission" && stop === 1 ? { ...body, state: "expired" } : body;`,
      to: `  return body.kind === "permission" && stop === 9 ? { ...body, state: "expired" } : body;`,
    },
  },
  {
    rule: "stop",
    says: "The runner is told to stop; the run is running until it has ended.",
    mutant: {
      file: STEPS,
      from: `    this.#sockets.send({ type: "stop", run: id });`,
      to: ``,
    },
  },
  {
    rule: "stop-names",
    says: "Stop names its run, and hits no other.",
    mutant: {
      file: STEPS,
      from: `    if (run?.id !== id) return "over";`,
      to: `    if (!run) return "over";`,
    },
  },
  {
    rule: "stop-lost",
    says: "A run whose runner is lost ends at once.",
    mutant: {
      file: STEPS,
      from: `      this.#endLost(run, "stopped");
      return "stopped";`,
      to: ``,
    },
  },
];

const lost: Omit<Rule, "tests">[] = [
  {
    rule: "lost-60s",
    says: "A run is lost when its runner was not heard for a minute; a ping is a sign.",
    mutant: {
      file: SOCKETS,
      from: `    return Math.max(heard, attachmentOf(socket).acceptedAt);`,
      to: `    return Math.max(0 * heard, attachmentOf(socket).acceptedAt);`,
    },
  },
  {
    rule: "lost-closes",
    says: "The socket of a lost run is closed, and what still comes on it is dropped.",
    mutant: {
      file: STEPS,
      from: `    this.#closeStale();
    this.#storage.runState.settle(Date.now(), true);`,
      to: `    this.#storage.runState.settle(Date.now(), true);`,
    },
  },
  {
    rule: "lost-goes-on",
    says: "A lost run goes on when its process attaches again.",
    mutant: {
      file: LINK,
      from: `      this.#storage.runState.settle(Date.now(), false);
      this.#news.changed(before);`,
      to: ``,
    },
  },
  {
    rule: "lost-stop",
    says: "A run that is to stop has ended when it is lost.",
    mutant: {
      file: STEPS,
      from: `    if (run.stop === 1) return this.#endLost(run, "stopped");`,
      to: ``,
    },
  },
  {
    rule: "beat",
    says: "While a run is running, an alarm is due within a minute.",
    mutant: {
      file: ROW_SYNC,
      from: `    return this.#storage.runs.running() ? Math.min(at, Date.now() + BEAT) : at;`,
      to: `    return at;`,
    },
  },
];

const move: Omit<Rule, "tests">[] = [
  {
    rule: "move",
    says: "A session without a runner hands nothing over.",
    mutant: {
      file: STATE,
      from: `    return runner_id !== null && this.#session.messages.nextQueued(handled) !== undefined;`,
      to: `    return this.#session.messages.nextQueued(handled) !== undefined;`,
    },
  },
  {
    rule: "archive",
    says: "What a run does restores no session that was archived meanwhile: only a message does.",
    mutant: {
      file: ROW_SYNC,
      from: `    const lastMessageAt = this.#storage.messages.lastAt();`,
      to: `    const lastMessageAt = reported.last_activity;`,
    },
  },
  {
    rule: "move-1",
    says: "A run that is running and not lost is in the way of a move; a lost one is interrupted.",
    mutant: { file: STEPS, from: `    if (run && !this.#sockets.isLost) return false;`, to: `` },
  },
  {
    rule: "move-3",
    says: "A move that is told late changes nothing, and the runner of before has no place any more.",
    mutant: {
      file: STEPS,
      from: `    if (assignment.assign <= before.assign) return;`,
      to: ``,
    },
  },
  {
    rule: "move-between",
    says: "A run that begins while the session is being moved is interrupted.",
    mutant: {
      file: STEPS,
      from: `    if (run) this.end(run, "interrupted");
    this.#sockets.closeWhere(({ assign })`,
      to: `    this.#sockets.closeWhere(({ assign })`,
    },
  },
  {
    rule: "move-alarm",
    says: "A move that the object was not told of is adopted by its alarm.",
    mutant: { file: STEPS, from: `    this.adopt(row);`, to: `` },
  },
  {
    rule: "token",
    says: "A runner whose token is not valid has no place, and its run is interrupted.",
    mutant: {
      file: STEPS,
      from: `    if (run?.runner === runner) this.end(run, "interrupted");`,
      to: ``,
    },
  },
  {
    rule: "delete",
    says: "A deletion ends the run and closes its sockets.",
    mutant: {
      file: `${FOLDER}/lifecycle.ts`,
      from: `    runs.close();
    storage.markDeleting();
    rowSync.armWithin(AFTER_BIRTH);
    live.closeAll();`,
      to: `    storage.markDeleting();
    rowSync.armWithin(AFTER_BIRTH);`,
    },
  },
  {
    rule: "heal",
    says: "A row with an earlier assignment gets the object's.",
    mutant: {
      file: ROWS,
      from: `AND assign < \${assign}`,
      to: `AND assign < 0 * \${assign}`,
    },
  },
];

const status: Omit<Rule, "tests">[] = [
  {
    rule: "status-rev",
    says: "Every change of status has a number, and reaches the row within a second.",
    mutant: {
      file: STATE,
      from: `UPDATE state SET status_rev = status_rev + 1, agent_status = ?, asks = ?,`,
      to: `UPDATE state SET agent_status = ?, asks = ?,`,
    },
  },
  {
    rule: "asks",
    says: "The row says what is asked; another question is another change.",
    mutant: {
      file: STATE,
      from: `       WHERE agent_status IS NOT ? OR asks IS NOT ?`,
      to: `       WHERE agent_status IS NOT ? OR (FALSE AND asks IS NOT ?)`,
    },
  },
  {
    rule: "status-row",
    says: "An older report that lands later takes nothing back.",
    mutant: {
      file: ROWS,
      from: `AND user_id = \${user_id} AND status_rev < \${status_rev}`,
      to: `AND user_id = \${user_id} AND status_rev <> \${status_rev}`,
    },
  },
  {
    rule: "status-soon",
    says: "A status that changes while the alarm waits for D1 is reported soon.",
    mutant: {
      file: ROW_SYNC,
      from: `      state.status_rev !== reported.status_rev ||
`,
      to: ``,
    },
  },
];

const inFile = (tests: string, rules: Omit<Rule, "tests">[]): Rule[] =>
  rules.map((rule) => ({ ...rule, tests }));

export const RULES: Rule[] = [
  ...inFile("attach.test.ts", attach),
  ...inFile("begin.test.ts", begin),
  ...inFile("frames.test.ts", frames),
  ...inFile("owner.test.ts", owner),
  ...inFile("lost.test.ts", lost),
  ...inFile("move.test.ts", move),
  ...inFile("status.test.ts", status),
];

/** The rules as mutants. */
export const RULE_MUTANTS: Mutant[] = RULES.map(({ rule, says, tests, mutant }) => ({
  ...mutant,
  name: `[${rule}] ${says}`,
  killers: [`runs/${tests}`],
}));
