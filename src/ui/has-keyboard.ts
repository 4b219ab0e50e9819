/** As far as a page is told: what is pointed with a finger is typed on the screen. */
export const hasKeyboard = () => matchMedia("(pointer: fine)").matches;
