import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { useHydrated } from "./hooks/use-hydrated";

const UNITS = [
  { unit: "year", ms: 365 * 24 * 60 * 60 * 1000 },
  { unit: "month", ms: 30 * 24 * 60 * 60 * 1000 },
  { unit: "day", ms: 24 * 60 * 60 * 1000 },
  { unit: "hour", ms: 60 * 60 * 1000 },
  { unit: "minute", ms: 60 * 1000 },
] as const;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/**
 * A moment, told relative to another: "5 minutes ago", "in 3 days".
 *
 * @param at the moment, epoch milliseconds
 * @param now the moment at which the page was made, epoch milliseconds; it comes with the page's data, so that server
 *   and browser say the same
 */
export function relativeTime(at: number, now: number): string {
  const distance = at - now;
  const found = UNITS.find(({ ms }) => Math.abs(distance) >= ms);
  if (!found) return distance > 0 ? "in a moment" : "just now";
  return told(Math.trunc(distance / found.ms), found.unit);
}

/** There are few such texts, and a list asks for a hundred of them, for every request. */
const TOLD = new Map<string, string>();

function told(count: number, unit: (typeof UNITS)[number]["unit"]): string {
  const key = `${count} ${unit}`;
  const text = TOLD.get(key) ?? relative.format(count, unit);
  TOLD.set(key, text);
  return text;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * Without Intl: a list tells a hundred of them, for every request.
 *
 * @param at epoch milliseconds
 * @returns for example "22 Nov 2026, 11:52 UTC"
 */
function exactTime(at: number): string {
  const time = new Date(at);
  const day = `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
  return `${day}, ${twoDigits(time.getUTCHours())}:${twoDigits(time.getUTCMinutes())} UTC`;
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}

const ExactTimeContext = createContext(exactTime);

/** Tells exact times in the person's own language and time zone, which only their browser knows; until then in UTC. */
export function LocalTimes({ children }: { children: ReactNode }) {
  const format = useHydrated() ? localTime : exactTime;
  return <ExactTimeContext.Provider value={format}>{children}</ExactTimeContext.Provider>;
}

let local: Intl.DateTimeFormat | undefined;

function localTime(at: number): string {
  local ??= new Intl.DateTimeFormat(navigator.language, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  return local.format(at);
}

/** A moment, exactly. @param at epoch milliseconds */
export function ExactTime({ at }: { at: number }) {
  const format = useContext(ExactTimeContext);
  return <time dateTime={new Date(at).toISOString()}>{format(at)}</time>;
}

/** A moment told relative to `now`, with the exact time for machines and on hovering; both in epoch milliseconds. */
export function RelativeTime({ at, now }: { at: number; now: number }) {
  const format = useContext(ExactTimeContext);
  return (
    <time dateTime={new Date(at).toISOString()} title={format(at)}>
      {relativeTime(at, now)}
    </time>
  );
}

const HALF_A_MINUTE = 30_000;

/**
 * Lets a page that stays open tell the time as it goes on.
 *
 * @param loaded when the page was made, epoch milliseconds
 * @returns that moment, and the time that has passed since, by the browser's clock; epoch milliseconds
 */
export function useMovingNow(loaded: number): number {
  const [now, setNow] = useState(loaded);
  const [from, setFrom] = useState(loaded);
  if (from !== loaded) {
    setFrom(loaded);
    setNow(loaded);
  }
  useEffect(() => {
    const began = Date.now();
    const tick = setInterval(() => setNow(loaded + Date.now() - began), HALF_A_MINUTE);
    return () => clearInterval(tick);
  }, [loaded]);
  return now;
}
