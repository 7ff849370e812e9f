const number = new Intl.NumberFormat("en");

/** @returns a number with thousands separators: "1,234". One shared formatter, because creating one is slow. */
export function numberText(value: number): string {
  return number.format(value);
}

/** Props of a scrollable element, so that it can be focused and scrolled by keyboard. It also needs an `aria-label`. */
export const SCROLLABLE = { tabIndex: 0, role: "group" };
