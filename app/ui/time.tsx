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
 * Formats a time relative to another: "5 minutes ago", "in 3 days".
 *
 * @param at the time to format, epoch milliseconds
 * @param now the time of the page's request, epoch milliseconds; it is part of the page's data, so that server and
 *   browser render the same text
 */
export function relativeTime(at: number, now: number): string {
  const distance = at - now;
  const found = UNITS.find(({ ms }) => Math.abs(distance) >= ms);
  if (!found) return distance > 0 ? "in a moment" : "just now";
  return formatCount(Math.trunc(distance / found.ms), found.unit);
}

/** A cache, because a list needs a hundred of these texts for every request, and few are distinct. */
const FORMATTED = new Map<string, string>();

function formatCount(count: number, unit: (typeof UNITS)[number]["unit"]): string {
  const key = `${count} ${unit}`;
  const text = FORMATTED.get(key) ?? relative.format(count, unit);
  FORMATTED.set(key, text);
  return text;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * Formats a time in UTC. Without Intl, which is too slow for the hundred times of a list (docs/decisions/0007).
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

/**
 * Lets exact times below it be formatted in the person's language and time zone. Only the browser knows these, so times
 * are in UTC until hydration.
 */
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

/**
 * An exact time.
 *
 * @param at epoch milliseconds
 */
export function ExactTime({ at }: { at: number }) {
  const format = useContext(ExactTimeContext);
  return <time dateTime={new Date(at).toISOString()}>{format(at)}</time>;
}

/**
 * A time relative to `now`, with the exact time in `datetime` and as tooltip.
 *
 * @param at epoch milliseconds
 * @param now epoch milliseconds, as in `relativeTime`
 */
export function RelativeTime({ at, now }: { at: number; now: number }) {
  const format = useContext(ExactTimeContext);
  return (
    <time dateTime={new Date(at).toISOString()} title={format(at)}>
      {relativeTime(at, now)}
    </time>
  );
}

/** In milliseconds. */
const HALF_A_MINUTE = 30_000;

/**
 * Keeps the relative times of an open page up to date, every half minute.
 *
 * @param loaded the server's time of the page's data, epoch milliseconds
 * @returns `loaded` plus the time that has passed in the browser since, epoch milliseconds; so only the length of that
 *   time depends on the browser's clock
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
