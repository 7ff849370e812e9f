/**
 * Random histories of what people, runners, crashes, networks and time do to the runs of a session, compared with a model
 * of docs/decisions/0010. `RUNS_HISTORIES` sets how many.
 */
import { env } from "cloudflare:test";
import { liveHistories } from "../model/live-histories";
import { plan } from "./plan";
import { observeSockets } from "./socket";
import { World } from "./world";

observeSockets();

const { histories } = env.MODEL;

liveHistories(
  `in ${histories} random histories of runs a message is handed over once, and nothing acknowledged is lost`,
  { count: histories, limit: 5_000 },
  plan,
  (drawn) => World.live(drawn),
);
