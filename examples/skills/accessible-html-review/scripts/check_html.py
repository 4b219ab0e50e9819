#!/usr/bin/env python3
"""Report accessibility problems that can be seen in HTML source.

Standard library only. A name is judged by its source: text, alt, aria-label,
aria-labelledby, title or a label. What scripts add later is not seen.
"""

import argparse
import json
import re
import sys
from html.parser import HTMLParser

VOID = set(
    "area base br col embed hr img input link meta param source track wbr".split()
)
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
FOCUSABLE = {"a", "button", "input", "select", "textarea", "summary", "option", "label"}
UNLABELLED_INPUTS = {"hidden", "submit", "reset", "button", "image"}
VAGUE = {"click here", "here", "more", "read more", "link", "this"}
REFERENCES = (
    "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns",
    "aria-activedescendant", "for", "headers",
)
ROLES_WITH_KEYS = {"button", "link", "checkbox", "tab", "menuitem", "switch", "option"}


class Element:
    def __init__(self, tag, attributes, line, parent):
        self.tag = tag
        self.attributes = attributes
        self.line = line
        self.parent = parent
        self.children = []
        self.text = ""

    def get(self, name):
        return (self.attributes.get(name) or "").strip()

    def has(self, name):
        return name in self.attributes

    def ancestors(self):
        at = self.parent
        while at is not None:
            yield at
            at = at.parent

    def hidden(self):
        return any(
            e.has("hidden") or e.get("aria-hidden") == "true"
            for e in [self, *self.ancestors()]
        )

    def content(self):
        """The text a name is made of: own text, images' alternatives, children."""
        if self.get("aria-hidden") == "true":
            return ""
        if self.get("aria-label"):
            return self.get("aria-label")
        if self.tag == "img":
            return self.get("alt")
        parts = [self.text] + [child.content() for child in self.children]
        return " ".join(" ".join(parts).split())


class Tree(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Element("#document", {}, 0, None)
        self.at = self.root
        self.all = []

    def handle_starttag(self, tag, attrs):
        line, _ = self.getpos()
        element = Element(tag, {k: v or "" for k, v in reversed(attrs)}, line, self.at)
        self.at.children.append(element)
        self.all.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        at = self.at
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self.at = at.parent

    def handle_data(self, data):
        if self.at.tag not in ("script", "style"):
            self.at.text += " " + data


def check(source):
    tree = Tree()
    tree.feed(source)
    tree.close()
    found = []

    def report(element, level, criterion, message):
        line = element.line if element else 1
        found.append(
            {"line": line, "level": level, "criterion": criterion, "message": message}
        )

    by_id = {}
    for element in tree.all:
        name = element.get("id")
        if name:
            if name in by_id:
                report(element, "serious", "4.1.2", f'id "{name}" is used again (first at line {by_id[name].line})')
            by_id.setdefault(name, element)
    labels = {e.get("for") for e in tree.all if e.tag == "label" and e.get("for")}

    def named(element, text=True):
        if element.get("aria-label") or element.get("title"):
            return True
        references = element.get("aria-labelledby").split()
        if any(r in by_id and by_id[r].content() for r in references):
            return True
        return text and bool(element.content())

    page(tree, report)
    outline(tree, report)
    for element in tree.all:
        for attribute in REFERENCES:
            if attribute in ("for", "headers") and element.tag not in ("label", "output", "td", "th"):
                continue
            for name in element.get(attribute).split():
                if name not in by_id:
                    report(element, "serious", "1.3.1", f'{attribute}="{name}" points to no element')
        if element.hidden():
            if element.tag in ("a", "button", "input", "select", "textarea") and not any(
                e.has("hidden") for e in [element, *element.ancestors()]
            ) and element.get("tabindex") != "-1" and element.get("type") != "hidden":
                report(element, "serious", "4.1.2", f"<{element.tag}> can take focus inside aria-hidden")
            continue
        control(element, report, named, labels)
        media(element, report, named)
        keyboard(element, report)
    return sorted(found, key=lambda f: f["line"])


def page(tree, report):
    html = next((e for e in tree.all if e.tag == "html"), None)
    if html is None:
        return  # a fragment
    if not html.get("lang"):
        report(html, "serious", "3.1.1", "<html> has no lang")
    title = next((e for e in tree.all if e.tag == "title" and e.parent.tag in ("head", "html")), None)
    if title is None or not title.content():
        report(html, "serious", "2.4.2", "the page has no title")
    if not any(e.tag == "main" or e.get("role") == "main" for e in tree.all):
        report(html, "minor", "1.3.1", "the page has no <main>")
    for meta in tree.all:
        if meta.tag == "meta" and meta.get("name").lower() == "viewport":
            content = meta.get("content").replace(" ", "").lower()
            scale = re.search(r"maximum-scale=([\d.]+)", content)
            if "user-scalable=no" in content or (scale and float(scale.group(1)) < 2):
                report(meta, "serious", "1.4.4", "the viewport setting forbids zooming")


def outline(tree, report):
    last = 0
    headings = [e for e in tree.all if e.tag in HEADINGS and not e.hidden()]
    for heading in headings:
        level = int(heading.tag[1])
        if not heading.content():
            report(heading, "serious", "1.3.1", f"empty <{heading.tag}>")
        elif last and level > last + 1:
            report(heading, "minor", "1.3.1", f"<{heading.tag}> follows <h{last}>: a level is skipped")
        last = level
    if any(e.tag == "html" for e in tree.all) and not any(h.tag == "h1" for h in headings):
        report(None, "minor", "1.3.1", "the page has no <h1>")


def control(element, report, named, labels):
    tag, kind = element.tag, element.get("type").lower()
    if tag in ("input", "select", "textarea") and kind not in UNLABELLED_INPUTS:
        inside = any(e.tag == "label" and e.content() for e in element.ancestors())
        if not (inside or element.get("id") in labels or named(element, text=False)):
            hint = "; a placeholder is no label" if element.get("placeholder") else ""
            report(element, "blocker", "3.3.2", f"<{tag}> has no label{hint}")
    if tag == "input" and kind == "image" and not (element.get("alt") or named(element, text=False)):
        report(element, "blocker", "1.1.1", "image button without alt")
    if tag == "button" and not named(element):
        report(element, "blocker", "4.1.2", "<button> has no name")
    if tag == "a" and element.has("href"):
        text = element.content().lower()
        if not named(element):
            report(element, "blocker", "2.4.4", "link has no name")
        elif text in VAGUE and not element.get("aria-label"):
            report(element, "minor", "2.4.4", f'link text "{text}" says nothing on its own')
    if element.get("role") in ROLES_WITH_KEYS and not named(element):
        report(element, "blocker", "4.1.2", f'role="{element.get("role")}" has no name')


def media(element, report, named):
    tag = element.tag
    if tag == "img" and not element.has("alt") and not named(element, text=False):
        if element.get("role") not in ("presentation", "none"):
            report(element, "serious", "1.1.1", '<img> has no alt (use alt="" for decoration)')
    if tag == "svg" and element.get("role") == "img":
        titled = any(c.tag == "title" and c.content() for c in element.children)
        if not titled and not named(element, text=False):
            report(element, "serious", "1.1.1", "svg picture has no name")
    if tag == "iframe" and not named(element, text=False):
        report(element, "serious", "4.1.2", "<iframe> has no title")
    if tag in ("video", "audio") and element.has("autoplay") and not element.has("muted"):
        report(element, "serious", "1.4.2", f"<{tag}> starts by itself, with sound")
    if tag == "video" and not any(c.tag == "track" for c in element.children):
        report(element, "serious", "1.2.2", "<video> has no captions track")
    if tag in ("marquee", "blink"):
        report(element, "serious", "2.2.2", f"<{tag}> moves and cannot be stopped")
    if tag == "table" and element.get("role") not in ("presentation", "none"):
        cells = {e.tag for e in descendants(element)}
        if "td" in cells and "th" not in cells:
            report(element, "serious", "1.3.1", "table without header cells")


def keyboard(element, report):
    index = element.get("tabindex")
    if re.fullmatch(r"[1-9]\d*", index):
        report(element, "serious", "2.4.3", f"tabindex={index} overrides the order of the page")
    if element.tag == "a" and element.has("onclick") and not element.has("href"):
        report(element, "blocker", "2.1.1", "<a> without href takes no keyboard focus")
    clickable = element.has("onclick") or element.has("@click") or element.has("ng-click")
    if clickable and element.tag not in FOCUSABLE:
        role = element.get("role")
        if role not in ROLES_WITH_KEYS or not index:
            report(element, "blocker", "2.1.1", f"<{element.tag}> is clickable but not a control; use <button>")
        elif not any(a.startswith("onkey") or a.startswith("@key") for a in element.attributes):
            report(element, "serious", "2.1.1", f'role="{role}" has a click handler but none for keys')


def descendants(element):
    for child in element.children:
        yield child
        yield from descendants(child)


def luminance(colour):
    text = colour.lstrip("#")
    if len(text) in (3, 4):
        text = "".join(c * 2 for c in text)
    if not re.fullmatch(r"[0-9a-fA-F]{6}([fF]{2})?", text):
        raise ValueError(f"{colour}: write an opaque colour as #rgb or #rrggbb")
    parts = [int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--contrast", nargs=2, metavar=("TEXT", "BACKGROUND"))
    args = parser.parse_args()
    if args.contrast:
        try:
            ratio = contrast(*args.contrast)
        except ValueError as error:
            parser.error(str(error))
        verdict = "enough for all text" if ratio >= 4.5 else (
            "enough for large text and controls only" if ratio >= 3 else "not enough"
        )
        print(f"{ratio:.2f}:1, {verdict}")
        return 0 if ratio >= 4.5 else 1
    if not args.files:
        parser.error("name at least one HTML file")
    everything = []
    for path in args.files:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                everything += [{"file": path, **f} for f in check(file.read())]
        except OSError as error:
            print(f"{path}: {error.strerror}", file=sys.stderr)
            return 2
    if args.json:
        json.dump(everything, sys.stdout, indent=2)
        print()
    else:
        for f in everything:
            print(f"{f['file']}:{f['line']}: {f['level']}: {f['message']} (WCAG {f['criterion']})")
        print(f"{len(everything)} found by source alone; now walk the checklist by hand")
    return 1 if everything else 0


if __name__ == "__main__":
    sys.exit(main())
