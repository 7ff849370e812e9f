import {
  Archive,
  ArchiveRestore,
  CircleCheck,
  CircleDot,
  CircleHelp,
  CircleX,
  Hand,
  Loader,
  Trash2,
} from "lucide-react";

/** What a list shows in row after row. What a page shows once comes from the library as it is. */
const DRAWINGS = {
  archive: Archive,
  restore: ArchiveRestore,
  done: CircleCheck,
  active: CircleDot,
  silent: CircleHelp,
  failed: CircleX,
  waiting: Hand,
  working: Loader,
  delete: Trash2,
};

export type IconName = keyof typeof DRAWINGS;

/** The drawings that `Icon` shows: once in a document, because one alone costs as much as half a row of the list. */
export function IconDrawings() {
  return (
    <svg className="hidden">
      {Object.entries(DRAWINGS).map(([name, Drawing]) => (
        <Drawing key={name} id={`icon-${name}`} />
      ))}
    </svg>
  );
}

export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden>
      <use href={`#icon-${name}`} />
    </svg>
  );
}
