/** A page's live socket: what happens when it opens, is refused, breaks, or is not needed any more. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { holdOpen, type Connection } from "../../app/ui/hooks/live-socket";

const { CONNECTING, OPEN, CLOSED } = { CONNECTING: 0, OPEN: 1, CLOSED: 3 };

/** A browser's WebSocket, controlled by the test. */
class FakeSocket {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static all: FakeSocket[] = [];

  readyState = CONNECTING;
  readonly said: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  /** Its state when the page closed it. */
  closedWhile: number | undefined;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(text: string) {
    this.said.push(text);
  }

  close() {
    this.closedWhile ??= this.readyState;
    this.readyState = CLOSED;
  }

  opens() {
    this.readyState = OPEN;
    this.onopen?.();
  }

  hears(data: unknown) {
    this.onmessage?.({ data });
  }

  isClosed(code: number, reason = "") {
    this.readyState = CLOSED;
    this.onclose?.({ code, reason });
  }
}

let connections: Connection[];
let reconnects: number;
let heard: unknown[];

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  connections = [];
  heard = [];
  reconnects = 0;
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", Object.assign(new EventTarget(), { setTimeout }));
  vi.stubGlobal("location", { origin: "https://ship.example" });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Opens a live socket. @returns a function that closes it */
function hold() {
  const options = {
    path: () => "/live",
    onMessage: (data: unknown) => void heard.push(data),
    onReconnect: () => void (reconnects += 1),
    isFinal: (code: number) => code === 4001,
  };
  return holdOpen(
    () => options,
    (connection) => void connections.push(connection),
  );
}

/** @returns the newest socket */
function socket(): FakeSocket {
  return FakeSocket.all.at(-1)!;
}

test("it is live as soon as something is received", () => {
  hold();
  socket().opens();
  expect(socket().said).toEqual(["ping"]);
  expect(connections).toEqual([]);
  socket().hears("pong");
  socket().hears("news");
  expect(connections).toEqual([{ state: "live" }]);
  expect(heard).toEqual(["news"]);
});

test("one that breaks is opened again, and the page then reads what it missed", () => {
  hold();
  socket().opens();
  socket().hears("pong");
  for (const code of [1006, 4010]) {
    const before = FakeSocket.all.length;
    socket().isClosed(code);
    expect(connections.at(-1)).toEqual({ state: "offline" });
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(before + 1);
    socket().opens();
    socket().hears("pong");
    expect(connections.at(-1)).toEqual({ state: "live" });
  }
  expect(reconnects).toBe(2);
});

test("one that is refused after it was live shows the reason and is not opened again", () => {
  hold();
  socket().opens();
  socket().hears("pong");
  socket().isClosed(1006);
  vi.advanceTimersByTime(500);
  socket().opens();
  socket().isClosed(4001, "You signed out.");

  expect(connections.slice(1)).toEqual([
    { state: "offline" },
    { state: "closed", code: 4001, reason: "You signed out." },
  ]);
  expect(reconnects).toBe(0);
  for (const event of ["offline", "online"]) window.dispatchEvent(new Event(event));
  vi.advanceTimersByTime(60_000);
  expect(connections).toHaveLength(3);
  expect(FakeSocket.all).toHaveLength(2);
});

test("one that opens and then receives nothing is given up", () => {
  hold();
  socket().opens();
  vi.advanceTimersByTime(8_000);
  expect(connections).toEqual([{ state: "offline" }]);
  expect(socket().closedWhile).toBe(OPEN);
});

test("one that is not needed any more is closed, but never before it is open, because browsers log an error then", () => {
  const early = hold();
  early();
  expect(socket().closedWhile).toBeUndefined();
  socket().opens();
  expect(socket().closedWhile).toBe(OPEN);

  const late = hold();
  socket().opens();
  late();
  expect(socket().closedWhile).toBe(OPEN);
  expect(connections).toEqual([]);
});
