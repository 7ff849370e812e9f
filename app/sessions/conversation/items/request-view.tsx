import { Form } from "@remix-run/react";
import { useId, type ReactNode } from "react";
import type { OptionKind, Permission, PermissionOption } from "../../protocol/item";
import { END_ID } from "../live-session";
import { useFocusOnEnd } from "./use-focus-on-end";

interface RequestProps {
  /** The item's id. */
  id: number;
  sessionId: string;
  request: Permission;
}

interface RequestViewProps extends RequestProps {
  /** Whether it is shown above the composer, where it is answered. */
  pinned: boolean;
  by: ReactNode;
}

/** A request in its place in the conversation: with its buttons while it is open, then with its answer. */
export function RequestView({ pinned, by, ...props }: RequestViewProps) {
  const { request } = props;
  return (
    <li id={placeOf(props.id)} tabIndex={-1} className="panel item">
      {by}
      {request.state === "open" && !pinned ? (
        <RequestForm {...props} />
      ) : (
        <>
          <p className="asked">
            <bdi>{request.title}</bdi>
          </p>
          <p className="text-muted">{outcomeText(request)}</p>
        </>
      )}
    </li>
  );
}

/** @returns the id of a request's element in the conversation */
function placeOf(id: number): string {
  return `request-${id}`;
}

/** @returns what has become of a request, such as "Ada chose “Allow once”." */
export function outcomeText({ state, option, by, options }: Permission): string {
  if (state === "open") return "To be answered below.";
  if (state === "expired") return "Not asked any more.";
  const chosen = options.find(({ id }) => id === option);
  return `${by} chose “${chosen?.name ?? option}”${chosen ? kindNote(chosen, ", which is to ") : ""}.`;
}

/** What is asked, and a button for each option. Works without JavaScript. */
export function RequestForm({ id, sessionId, request: { title, options } }: RequestProps) {
  const focusAnswer = useFocusOnEnd(placeOf(id), END_ID);
  return (
    <Form method="post" action={`/session/${sessionId}`} preventScrollReset onSubmit={focusAnswer}>
      <fieldset className="grid min-w-0 gap-2">
        <legend className="asked mb-2">
          <bdi>{title}</bdi>
        </legend>
        <div className="flex flex-wrap gap-x-5 gap-y-2">
          {options.map((option) => (
            <OptionButton key={option.id} item={id} option={option} />
          ))}
        </div>
      </fieldset>
    </Form>
  );
}

function OptionButton({ item, option }: { item: number; option: PermissionOption }) {
  const { id, name, kind } = option;
  const note = useId();
  return (
    <span className="option">
      <button
        name="intent"
        value={`answer:${item}:${id}`}
        aria-describedby={note}
        className={`button ${kind === "allow_once" ? "button-primary" : ""}`}
      >
        {name}
      </button>
      <span id={note} className="text-sm text-muted">
        {kindNote(option)}
      </span>
    </span>
  );
}

const KIND_TEXT: Record<OptionKind, string> = {
  allow_once: "allow once",
  allow_always: "allow always",
  reject_once: "reject once",
  reject_always: "reject always",
};

/** @returns what an option does, after `prefix`, unless its name begins with that; agents name their options as they like */
function kindNote({ name, kind }: PermissionOption, prefix = ""): string {
  const [verb, often] = KIND_TEXT[kind].split(" ") as [string, string];
  const words = name.toLowerCase().split(/\s+/);
  const says = words[0] === verb && (often === "once" || words.includes(often));
  return says ? "" : prefix + KIND_TEXT[kind];
}
