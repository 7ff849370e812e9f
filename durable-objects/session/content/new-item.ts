import { utf8Bytes } from "../../../app/sessions/protocol/budgets";
import { cutText, ITEM_BYTES, type ItemBody } from "../../../app/sessions/protocol/item";
import type { NewItem } from "../../../app/sessions/protocol/object-answers";

const NEW_TOOL = {
  title: "Tool call",
  tool: "other",
  status: "pending",
  content: [],
  locations: [],
} as const;

/**
 * @param reported what an agent reports
 * @param before the item that was reported with the same key, if any: a call of a tool keeps what is not reported again
 * @returns the content to store, with texts that are cut to `ITEM_BYTES` together
 */
export function bodyOf(reported: NewItem, before: ItemBody | undefined): ItemBody {
  switch (reported.kind) {
    case "permission":
      return { ...reported, state: "open" };
    case "tool": {
      const known = before?.kind === "tool" ? before : { ...NEW_TOOL, content: [], locations: [] };
      const sent = Object.fromEntries(
        Object.entries(reported).filter(([, value]) => value !== undefined),
      );
      const body = { ...known, ...sent, kind: "tool" as const };
      // What is stored is cut already, with a note of what is missing.
      return reported.content === undefined ? body : cut(body);
    }
    default:
      return cut(reported);
  }
}

/** Cuts the texts of an item, the first ones least. */
function cut(body: ItemBody): ItemBody {
  let room = ITEM_BYTES;
  const fit = (text: string) => {
    const kept = cutText(text, room);
    room = Math.max(0, room - utf8Bytes(kept));
    return kept;
  };
  switch (body.kind) {
    case "thought":
    case "notice":
      return { ...body, text: fit(body.text) };
    case "changes":
      return { ...body, patch: fit(body.patch) };
    case "plan":
      return {
        ...body,
        entries: body.entries.map((one) => ({ ...one, content: fit(one.content) })),
      };
    case "tool":
      return {
        ...body,
        content: body.content.map((part) =>
          part.type === "diff"
            ? { ...part, old: fit(part.old), new: fit(part.new) }
            : { ...part, text: fit(part.text) },
        ),
      };
    default:
      return body;
  }
}
