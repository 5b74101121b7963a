#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# script/fetch-cifar10 against file:// addresses: success, resume, wrong sums, wrong usage.
# Usage: test_fetch_cifar10.sh PATH_OF_SCRIPT
set -u
script=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
name=cifar-10-binary.tar.gz
failures=0
head -c 200000 /dev/urandom >"$work/source"
md5=$(md5sum <"$work/source" | cut -d ' ' -f 1)
url=file://$work/source

# expect CODE PATTERN ARGUMENT...: runs the script; checks its exit code and its words.
expect() {
  code=$1 pattern=$2
  shift 2
  "$script" "$@" >"$work/out" 2>&1
  found=$?
  if [ $found -ne "$code" ]; then
    echo "FAILED: fetch-cifar10 $*: exit code $found, expected $code"
    cat "$work/out"
    failures=$((failures + 1))
  elif ! grep -q -e "$pattern" "$work/out"; then
    echo "FAILED: fetch-cifar10 $*: said the following, expected '$pattern'"
    cat "$work/out"
    failures=$((failures + 1))
  fi
}
check() {
  what=$1
  shift
  "$@" || {
    echo "FAILED: $what"
    failures=$((failures + 1))
  }
}

expect 0 'Exit codes' --help
expect 2 'unknown option --frob' --frob
expect 2 'needs a value' --url
expect 2 'needs a value' --md5 '' "$work/a"
expect 2 'hexadecimal' --md5 123 "$work/a"
expect 2 'hexadecimal' --md5 zz2a1d4ab5d03f1284b67883e8d87530 "$work/a"
expect 2 'two folders' "$work/a" "$work/b"
expect 2 'empty' ''
check 'wrong usage created a folder' [ ! -e "$work/a" ]

expect 0 'as expected' --url "$url" --md5 "$md5" "$work/a b"
check 'the download differs from its source' cmp -s "$work/source" "$work/a b/$name"
check 'a part was left over' [ ! -e "$work/a b/$name.part" ]
expect 0 'there already' --url file:///nonexistent --md5 "$md5" "$work/a b"
upper=$(printf '%s' "$md5" | tr 'a-f' 'A-F')
expect 0 'there already' --md5 "$upper" "$work/a b"
expect 1 'delete it' --url "$url" "$work/a b"
check 'a file that was there was touched' cmp -s "$work/source" "$work/a b/$name"
expect 0 'not verified' --no-verify --url "$url" "$work/a b"

# A broken-off download is resumed; the first half is not fetched again.
mkdir "$work/half" && head -c 100000 "$work/source" >"$work/half/$name.part"
expect 0 'as expected' --url "$url" --md5 "$md5" "$work/half"
check 'the resumed download differs' cmp -s "$work/source" "$work/half/$name"
mkdir "$work/whole" && cp "$work/source" "$work/whole/$name.part"
expect 0 'as expected' --url file:///nonexistent --md5 "$md5" "$work/whole"
check 'the whole part was lost' cmp -s "$work/source" "$work/whole/$name"

# Wrong bytes never get the archive's name.
expect 1 "expected c32a1d4ab5d03f1284b67883e8d87530" --url "$url" "$work/wrong"
check 'wrong bytes were kept' [ ! -e "$work/wrong/$name" ]
check 'a wrong part was kept' [ ! -e "$work/wrong/$name.part" ]
expect 0 'not verified' --no-verify --url "$url" "$work/wrong"
check 'the unverified download differs' cmp -s "$work/source" "$work/wrong/$name"

expect 1 'could not download' --url "file://$work/none" --md5 "$md5" "$work/none-here"
check 'a failed download left an archive' [ ! -e "$work/none-here/$name" ]
echo x >"$work/file"
expect 1 'cannot create' --url "$url" --md5 "$md5" "$work/file/sub"
(cd "$work" && "$script" --url "$url" --md5 "$md5" >out 2>&1)
check 'the default folder is data' cmp -s "$work/source" "$work/data/$name"

[ $failures -eq 0 ] && echo "passed"
exit $((failures > 0))
