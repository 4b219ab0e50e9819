import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { cx } from "./cx";
import { isTangled } from "./tangled";

/**
 * Markdown nobody here wrote; what would take too long to lay out is shown as it
 * is. No HTML is run (react-markdown escapes it), no picture
 * is fetched (its alternative text is shown), and only http(s) links can be followed.
 */
export const Markdown = memo(function Markdown({
  text,
  className,
  resolve,
}: {
  text: string;
  className?: string;
  /** Where a relative link leads; null if nowhere, which leaves its text. */
  resolve?: (href: string) => string | null;
}) {
  if (isTangled(text)) return <Written text={text} className={className} />;
  return (
    <div className={cx("prose", className)}>
      <ReactMarkdown
        remarkPlugins={[remarkGfm]}
        components={resolve ? { ...PLAIN, a: linkBy(resolve) } : UNRESOLVED}
        // Links are judged in `a`; this keeps what it would have dropped from us.
        urlTransform={(url) => url}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});

/** A text as it is, every character of it. */
export function Written({
  text,
  className,
}: {
  text: string;
  className?: string | undefined;
}) {
  return (
    <pre
      tabIndex={0}
      className={cx(
        "overflow-x-auto font-mono text-[0.8125rem] leading-5.5 wrap-anywhere whitespace-pre-wrap",
        className,
      )}
    >
      {text}
    </pre>
  );
}

/** The page has its own h1, so a document's headings start one lower. */
const PLAIN: Components = {
  h1: (props) => <h2 {...clean(props)} />,
  h2: (props) => <h3 {...clean(props)} />,
  h3: (props) => <h4 {...clean(props)} />,
  h4: (props) => <h5 {...clean(props)} />,
  h5: (props) => <h6 {...clean(props)} />,
  h6: (props) => <h6 {...clean(props)} />,
  img: ({ alt }) => (
    <span className="prose-picture">{alt ? `Picture: ${alt}` : "Picture"}</span>
  ),
  // What scrolls sideways can be scrolled by keyboard too.
  pre: (props) => <pre tabIndex={0} {...clean(props)} />,
  table: (props) => (
    <div className="prose-table" tabIndex={0}>
      <table {...clean(props)} />
    </div>
  ),
};

function linkBy(resolve?: (href: string) => string | null): Components["a"] {
  return function Anchor({ href, children }) {
    const target = safeHref(href, resolve);
    return target ? (
      <a href={target} target="_blank" rel="noopener nofollow">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    );
  };
}

/**
 * The same at each drawing: to React another function is another element, and a
 * link in an answer that is being written would be lost under the pointer.
 */
const UNRESOLVED: Components = { ...PLAIN, a: linkBy() };

function clean<P extends { node?: unknown }>({
  node: _node,
  ...props
}: P): Omit<P, "node"> {
  return props;
}

/** The address a link may lead to, or null. */
export function safeHref(
  href: string | undefined,
  resolve?: (href: string) => string | null,
): string | null {
  if (!href || href.startsWith("#")) return null;
  const relative = !/^[a-z][a-z0-9+.-]*:/i.test(href) && !href.startsWith("//");
  const target = relative ? (resolve?.(href) ?? null) : href;
  if (!target || !URL.canParse(target, "https://x.invalid")) return null;
  const url = new URL(target, "https://x.invalid");
  if (url.hostname === "x.invalid") return null;
  return url.protocol === "https:" || url.protocol === "http:"
    ? url.href
    : null;
}
