import type { IconName } from "../../scripts/icons.mjs";
import drawings from "./icons.svg";

/** One of the drawings in icons.svg, which `npm run icons` makes. It only goes along with words, which say the same. */
export function Icon({ name, className }: { name: IconName; className?: string | undefined }) {
  return (
    <svg aria-hidden className={className}>
      <use href={`${drawings}#${name}`} />
    </svg>
  );
}
