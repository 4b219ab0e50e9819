#!/usr/bin/env python3
"""Run a Python regular expression on examples and show which ones it gets wrong."""

import argparse
import multiprocessing
import re
import sys

LIMIT_SECONDS = 2.0
FLAGS = {"i": re.I, "m": re.M, "s": re.S, "x": re.X, "a": re.A}


def search(pattern, flags, full, text, answers):
    compiled = re.compile(pattern, flags)
    match = compiled.fullmatch(text) if full else compiled.search(text)
    answers.put((match.group(0), match.groupdict()) if match else None)


def attempt(pattern, flags, full, text):
    """(timed out, result): in a process of its own, since it may never end."""
    answers = multiprocessing.Queue()
    process = multiprocessing.Process(
        target=search, args=(pattern, flags, full, text, answers)
    )
    process.start()
    process.join(LIMIT_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return True, None
    return False, answers.get()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern")
    parser.add_argument("--flags", default="", help="letters of " + "".join(FLAGS))
    parser.add_argument("--full", action="store_true", help="the whole text must match")
    parser.add_argument("--yes", action="append", default=[], metavar="TEXT")
    parser.add_argument("--no", action="append", default=[], metavar="TEXT")
    args = parser.parse_args()
    unknown = set(args.flags) - set(FLAGS)
    if unknown:
        parser.error(f"unknown flags: {''.join(sorted(unknown))}")
    flags = 0
    for letter in args.flags:
        flags |= FLAGS[letter]
    try:
        re.compile(args.pattern, flags)
    except re.error as error:
        print(f"not a valid pattern: {error}", file=sys.stderr)
        return 2

    cases = [(t, True) for t in args.yes] + [(t, False) for t in args.no]
    wrong = 0
    for text, expected in cases:
        late, result = attempt(args.pattern, flags, args.full, text)
        right = not late and (result is not None) == expected
        wrong += not right
        if late:
            found = f"no answer within {LIMIT_SECONDS:g} s"
        elif result is None:
            found = "does not match"
        else:
            found = f"matches {result[0]!r}" + (f" {result[1]}" if result[1] else "")
        print(f"{'ok   ' if right else 'WRONG'} {text!r} {found}")
    print(f"{len(cases) - wrong} of {len(cases)} as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
