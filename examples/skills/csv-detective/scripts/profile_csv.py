#!/usr/bin/env python3
"""Profile a delimited text file: what it holds and what looks wrong.

Standard library only. Reads the file once, row by row; memory is bounded by the
number of distinct values kept per column (see KEEP).
"""

import argparse
import csv
import json
import math
import re
import sys
from collections import Counter
from datetime import datetime

KEEP = 10_000  # distinct values counted exactly per column; beyond that "more than"
MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "--", "?", "#n/a"}
SENTINELS = {-999.0, -99.0, -1.0, 99.0, 999.0, 9999.0, 99999.0}
DATE_FORMATS = [
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d",
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y",
]
INTEGER = re.compile(r"[+-]?\d+\Z")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?\Z")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+\Z")
MOJIBAKE = re.compile("Ã[\u0080-\u00bf]|â€")


def detect_encoding(path):
    """The encoding that decodes the whole file, and a note about it or None."""
    with open(path, "rb") as file:
        start = file.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "the file is UTF-16; most tools expect UTF-8"
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig", "the file begins with a byte order mark"
    try:
        with open(path, encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
        return "utf-8", None
    except UnicodeDecodeError as error:
        note = f"not UTF-8 ({error.reason}); read as cp1252"
        return "cp1252", note


def detect_dialect(sample, delimiter):
    if delimiter:
        return delimiter.replace("\\t", "\t")
    try:
        return csv.Sniffer().sniff(sample, delimiters=",;\t|").delimiter
    except csv.Error:
        first = sample.splitlines()[0] if sample else ""
        return max(",;\t|", key=first.count)


def classify(text):
    """The type of one value: integer, number, date:<format>, boolean or text."""
    if INTEGER.match(text):
        digits = text.lstrip("+-")
        return "code" if len(digits) > 1 and digits[0] == "0" else "integer"
    if NUMBER.match(text):
        return "number"
    if GROUPED.match(text):
        return "number with thousands separators"
    if DECIMAL_COMMA.match(text):
        return "number with decimal comma"
    if text.lower() in {"true", "false", "yes", "no"}:
        return "boolean"
    if any(ch.isdigit() for ch in text) and len(text) <= 25:
        for form in DATE_FORMATS:
            try:
                datetime.strptime(text, form)
                return f"date {form}"
            except ValueError:
                continue
    return "text"


class Column:
    def __init__(self, name):
        self.name = name
        self.count = 0
        self.missing = 0
        self.kinds = Counter()
        self.first_line = {}  # kind -> (line, value)
        self.values = Counter()
        self.overflow = False
        self.padded = 0
        self.garbled = 0
        self.sum = 0.0
        self.squares = 0.0
        self.numbers = 0
        self.low = self.high = None  # (number, line)
        self.longest = 0

    def add(self, raw, line):
        self.count += 1
        text = raw.strip()
        self.padded += raw != text
        if text.lower() in MISSING:
            self.missing += 1
            return
        self.longest = max(self.longest, len(text))
        self.garbled += bool(MOJIBAKE.search(text))
        kind = classify(text)
        self.kinds[kind] += 1
        self.first_line.setdefault(kind, (line, text))
        if text in self.values or len(self.values) < KEEP:
            self.values[text] += 1
        else:
            self.overflow = True
        if kind in ("integer", "number"):
            number = float(text)
            if math.isfinite(number):
                self.numbers += 1
                self.sum += number
                self.squares += number * number
                if self.low is None or number < self.low[0]:
                    self.low = (number, line)
                if self.high is None or number > self.high[0]:
                    self.high = (number, line)

    def warnings(self, rows):
        found = []
        present = self.count - self.missing
        groups = Counter()
        for kind, n in self.kinds.items():
            group = "number" if kind in ("integer", "number") else kind
            groups[group] += n
        if len(groups) > 1:
            main, _ = groups.most_common(1)[0]
            others = []
            for kind, n in self.kinds.most_common():
                group = "number" if kind in ("integer", "number") else kind
                if group != main:
                    line, value = self.first_line[kind]
                    others.append(f"{n} {kind} (first at line {line}: {value[:40]!r})")
            if main != "text":
                found.append(f"mostly {main}, but also " + "; ".join(others))
            elif any(kind.startswith("date") for kind in groups):
                found.append("some values are dates, most are not: " + "; ".join(others))
        if "code" in self.kinds:
            found.append("digits with leading zeros: treat as text")
        if self.padded:
            found.append(f"{self.padded} values have spaces around them")
        if self.garbled:
            found.append(f"{self.garbled} values look wrongly decoded (such as 'Ã©')")
        if present == 0 and rows:
            found.append("empty in every row")
        elif self.missing and self.missing / max(self.count, 1) >= 0.2:
            found.append(f"{percent(self.missing, self.count)} missing")
        if len(self.values) == 1 and present > 1:
            found.append("the same value in every row that has one")
        if self.numbers > 10 and self.high is not None:
            mean = self.sum / self.numbers
            spread = math.sqrt(max(self.squares / self.numbers - mean * mean, 0.0))
            for number, line in (self.low, self.high):
                if spread and abs(number - mean) > 6 * spread:
                    found.append(f"outlier {number:g} at line {line} (mean {mean:.4g})")
            for number, _ in {self.low, self.high}:
                if number in SENTINELS:
                    found.append(f"{number:g} may be a code for a missing value")
        return found

    def report(self, rows):
        kinds = self.kinds.most_common()
        entry = {
            "name": self.name,
            "type": kinds[0][0] if kinds else "empty",
            "missing": self.missing,
            "distinct": f"more than {KEEP}" if self.overflow else len(self.values),
            "unique": not self.overflow
            and len(self.values) == self.count - self.missing > 1,
            "longest": self.longest,
            "common": [v for v, _ in self.values.most_common(3)],
            "warnings": self.warnings(rows),
        }
        if self.low and self.high:
            entry["min"], entry["max"] = self.low[0], self.high[0]
            entry["mean"] = round(self.sum / self.numbers, 4)
        return entry


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


def profile(path, delimiter=None, header=True, max_rows=None):
    encoding, note = detect_encoding(path)
    with open(path, encoding=encoding, newline="") as file:
        sample = file.read(64 * 1024)
        file.seek(0)
        mark = detect_dialect(sample, delimiter)
        reader = csv.reader(file, delimiter=mark)
        columns, ragged, duplicates = [], [], 0
        ragged_count = rows = blank = 0
        seen, complete = set(), True
        for fields in reader:
            line = reader.line_num
            if not fields:
                blank += 1
                continue
            if not columns:
                names = fields if header else [f"column {i + 1}" for i in range(len(fields))]
                columns = [Column(n.strip() or f"(unnamed {i + 1})") for i, n in enumerate(names)]
                if header:
                    continue
            if max_rows is not None and rows >= max_rows:
                complete = False
                break
            rows += 1
            if len(fields) != len(columns):
                ragged_count += 1
                if len(ragged) < 10:
                    ragged.append({"line": line, "fields": len(fields)})
            mark_of_row = hash(tuple(fields))
            if len(seen) < 1_000_000:
                duplicates += mark_of_row in seen
                seen.add(mark_of_row)
            for column, value in zip(columns, fields):
                column.add(value, line)
    names = Counter(c.name for c in columns)
    warnings = [note] if note else []
    repeated = [n for n, count in names.items() if count > 1]
    if repeated:
        warnings.append("column names repeat: " + ", ".join(repeated))
    if ragged_count:
        warnings.append(f"{ragged_count} rows do not have {len(columns)} fields")
    if duplicates:
        warnings.append(f"{duplicates} rows repeat an earlier row exactly")
    if blank:
        warnings.append(f"{blank} blank lines")
    return {
        "file": path,
        "encoding": encoding,
        "delimiter": mark,
        "rows": rows,
        "complete": complete,
        "ragged": ragged,
        "warnings": warnings,
        "columns": [c.report(rows) for c in columns],
    }


def show(report):
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
    part = "" if report["complete"] else " (only the first part was read)"
    print(f"{report['file']}: {report['rows']} rows{part}, {len(report['columns'])} columns, "
          f"{report['encoding']}, {names.get(report['delimiter'], report['delimiter'])}-separated")
    for warning in report["warnings"]:
        print(f"  ! {warning}")
    for row in report["ragged"]:
        print(f"    line {row['line']}: {row['fields']} fields")
    for column in report["columns"]:
        bits = [column["type"], f"{column['distinct']} distinct"]
        if column["unique"]:
            bits.append("unique")
        if column["missing"]:
            bits.append(f"{percent(column['missing'], report['rows'])} missing")
        if "min" in column:
            bits.append(f"{column['min']:g} to {column['max']:g}, mean {column['mean']:g}")
        print(f"\n{column['name']}\n  {', '.join(bits)}")
        if column["common"]:
            print("  e.g. " + ", ".join(v[:40] for v in column["common"]))
        for warning in column["warnings"]:
            print(f"  ! {warning}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--delimiter", help="one character; \\t for tab")
    parser.add_argument("--no-header", action="store_true")
    parser.add_argument("--max-rows", type=int)
    args = parser.parse_args()
    csv.field_size_limit(1 << 24)
    try:
        report = profile(args.file, args.delimiter, not args.no_header, args.max_rows)
    except (OSError, csv.Error, UnicodeError) as error:
        print(f"{args.file}: {error}", file=sys.stderr)
        return 1
    if not report["columns"]:
        print(f"{args.file}: the file is empty", file=sys.stderr)
        return 1
    if args.json:
        json.dump(report, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        show(report)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        sys.exit(0)
