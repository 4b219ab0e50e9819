/**
 * Whether a key press is an input method's own, such as the Enter that takes a
 * word it offers. Safari says by the code alone when that press also ends it.
 */
export function isOfInputMethod(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
