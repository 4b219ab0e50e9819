#!/usr/bin/env bash
# Prints what a changelog is made from: the commits of a range, where they touch,
# and what hints at breaking changes. Usage: collect.sh [FROM [TO]]
set -euo pipefail

if ! git rev-parse --git-dir >/dev/null 2>&1; then
  echo "collect.sh: run this inside a git repository" >&2
  exit 1
fi

to=${2:-HEAD}
if [ $# -ge 1 ]; then
  from=$1
elif ! from=$(git describe --tags --abbrev=0 "$to^" 2>/dev/null); then
  from=
fi
for ref in $from $to; do
  if ! git rev-parse --verify --quiet "$ref^{commit}" >/dev/null; then
    echo "collect.sh: there is no commit \"$ref\" here" >&2
    exit 1
  fi
done
range=${from:+$from..}$to

echo "# Range: ${from:-the beginning} to $to"
echo "# $(git rev-list --count "$range") commits, $(git rev-list --count --merges "$range") of them merges"
echo
echo "## Commits (newest first)"
git log --no-merges --date=short --format='%h %ad %an: %s' "$range"
echo
echo "## Merges"
git log --merges --format='%h %s%n    %b' "$range" | sed '/^ *$/d'
echo
echo "## Files touched most"
git log --no-merges --name-only --format= "$range" | sed '/^$/d' | sort | uniq -c | sort -rn | head -20
echo
echo "## Hints of breaking changes"
git log --format='%h %s%n%b' "$range" | grep -inE 'break|!:|deprecat|remov|renam|drop(s|ped)? support|migrat' || echo "(none in the messages; read the diffs all the same)"
