import { Form } from "@remix-run/react";
import type { RunReport } from "../protocol/run";

const FORM_ID = "stop-run";

type Running = { running: RunReport["running"] };

/** The button that stops the run that is running, for `StopForm`. Works without JavaScript. */
export function StopButton({ running }: Running) {
  if (!running) return null;
  return (
    <button
      form={FORM_ID}
      name="intent"
      value={`stop:${running.id}`}
      disabled={running.isStopping}
      className="button icon-stopped"
    >
      {running.isStopping ? "Stopping…" : "Stop"}
    </button>
  );
}

/** The form of `StopButton`, which is in the form of the composer; and what a screen reader announces of it. */
export function StopForm({ sessionId, running }: Running & { sessionId: string }) {
  return (
    <>
      <Form id={FORM_ID} method="post" action={`/session/${sessionId}`} preventScrollReset hidden />
      <p aria-live="polite" className="sr-only">
        {running?.isStopping && "The agent is stopping."}
      </p>
    </>
  );
}
