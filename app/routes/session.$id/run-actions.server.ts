/** What the owner says to a run: an answer, that it stops, that it does not get a message. */
import { redirect } from "@remix-run/cloudflare";
import type { User } from "../../auth/records.server";
import { outcomeText } from "../../sessions/conversation/items/request-view";
import { answerRequest } from "../../sessions/conversation/requests.server";
import { stopRun, withdrawMessage } from "../../sessions/conversation/runs.server";
import { parseNumber, sessionNotFound } from "../../sessions/session-input.server";
import type { Outcome } from "../../sessions/session-object.server";
import { BEING_DELETED, NOT_REACHED, sessionFailure } from "./actions.server";

/**
 * Answers a request of an agent, unless that was done before or it is not asked any more.
 *
 * @param intent "answer:<item>:<option>"
 */
export async function answerAction(env: Env, user: User, id: string, intent: string) {
  const [, item, option = ""] = /^answer:(.*?):(.*)$/s.exec(intent) ?? [];
  const result = await answerRequest(env, user.id, id, parseNumber(item), option, user.name);
  switch (result.outcome) {
    case "answered":
      return redirect(`/session/${id}`);
    case "too-late": {
      const request = result.item?.body;
      if (request?.kind !== "permission" || request.state !== "answered")
        return sessionFailure({ late: "Your answer came too late: it is no longer asked." }, 409);
      // A second click, or the same answer in another tab.
      if (request.option === option) return redirect(`/session/${id}`);
      return sessionFailure({ late: `Your answer came too late. ${outcomeText(request)}` }, 409);
    }
    default:
      return refusedResponse(result.outcome);
  }
}

/**
 * Stops a run. The page says that it stops until it has ended.
 *
 * @param intent "stop:<run>"
 */
export async function stopAction(env: Env, user: User, id: string, intent: string) {
  const outcome = await stopRun(env, user.id, id, intent.slice("stop:".length));
  switch (outcome) {
    case "stopping":
    case "stopped":
      return redirect(`/session/${id}`);
    case "over":
      return sessionFailure({ late: "This had ended already." }, 409);
    default:
      return refusedResponse(outcome);
  }
}

/** Takes back a message that waits for a run, unless it was handed over before. */
export async function withdrawAction(env: Env, user: User, id: string, message: number) {
  const outcome = await withdrawMessage(env, user.id, id, message);
  switch (outcome) {
    case "withdrawn":
      return redirect(`/session/${id}`);
    case "too-late":
      return sessionFailure({ late: "It was handed to the agent already." }, 409);
    default:
      return refusedResponse(outcome);
  }
}

/** @returns the response if the object did not do it @throws a 404 Response */
function refusedResponse(outcome: Exclude<Outcome, "done">) {
  switch (outcome) {
    case "not-found":
      throw sessionNotFound();
    case "deleting":
      return sessionFailure({ alert: BEING_DELETED }, 409);
    case "unavailable":
      return sessionFailure({ alert: NOT_REACHED }, 503);
  }
}
