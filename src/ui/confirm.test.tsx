import { expect, test } from "bun:test";
import { renderToStaticMarkup } from "react-dom/server";
import { Confirm } from "./confirm";

const ignore = () => undefined;

/** The look of the button that does it. */
const look = (variant?: "primary") => {
  const html = renderToStaticMarkup(
    <Confirm
      {...{ open: true, busy: false, onConfirm: ignore, onClose: ignore }}
      {...{ title: "Sure?", action: "Do it", ...(variant && { variant }) }}
    >
      Words.
    </Confirm>,
  );
  return /<button[^>]*class="([^"]*)"[^>]*>Do it/.exec(html)?.[1]?.split(" ");
};

test("what cannot be undone is as filled as what can", () => {
  expect(look("primary")).toContain("bg-accent");
  expect(look()).toContain("bg-danger");
});
