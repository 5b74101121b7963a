# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the command-line tests share; each sources it with the program's path as its $1.
# A test works in a temporary folder, which is its working folder too.
set -u
epxbar=$(realpath -- "${1:?usage: test_cli_NAME.sh PATH_OF_EPXBAR}")
# shellcheck disable=SC2034 # read by the tests
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
python3=${EPX_PYTHON3:-python3}
export OMP_WAIT_POLICY=passive LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0 what=

fail() {
  printf 'FAILED: %s: %s\n' "$what" "$*"
  failures=$((failures + 1))
}
show() {
  sed 's/^/  stdout| /' out | head -n 20
  sed 's/^/  stderr| /' err | head -n 20
}

# run CODE ARGUMENT...: the program, its output in the files out and err; checks the exit code.
run() {
  local code=$1 found
  shift
  what="epxbar $*"
  "$epxbar" "$@" >out 2>err
  found=$?
  if [ "$found" -ne "$code" ]; then
    fail "exit code $found, expected $code"
    show
  fi
}
# limited BLOCKS CODE ARGUMENT...: run with files of at most BLOCKS * 1024 bytes; SIGXFSZ ignored,
# so that writes fail as on a full disk.
limited() {
  local blocks=$1 code=$2 found
  shift 2
  what="epxbar $* (files of at most $blocks KiB)"
  (
    trap '' XFSZ
    ulimit -f "$blocks"
    exec "$epxbar" "$@"
  ) >out 2>err
  found=$?
  if [ "$found" -ne "$code" ]; then
    fail "exit code $found, expected $code"
    show
  fi
}
# says TEXT... / prints TEXT...: each on stderr / stdout, literally. quiet / silent: nothing there.
says() {
  local text
  for text in "$@"; do
    grep -q -F -e "$text" err || { fail "stderr lacks '$text'" && show; }
  done
}
prints() {
  local text
  for text in "$@"; do
    grep -q -F -e "$text" out || { fail "stdout lacks '$text'" && show; }
  done
}
quiet() { [ ! -s err ] || { fail "stderr is not empty" && show; }; }
silent() { [ ! -s out ] || { fail "stdout is not empty" && show; }; }
check() {
  what=$1
  shift
  "$@" || fail "not so: $*"
}
absent() { [ ! -e "$1" ]; }
# refuse CODE TEXT ARGUMENT...: fails with one "epxbar" message on stderr and no data on stdout.
refuse() {
  local code=$1 text=$2
  shift 2
  run "$code" "$@"
  says "$text"
  silent
  grep -q '^epxbar' err || { fail "the message does not begin with epxbar" && show; }
}

# wait_for FILE [TEXT]: until the file exists (and has the text), 60 s at most.
wait_for() {
  local i
  for ((i = 0; i < 3000; ++i)); do
    if [ -e "$1" ] && { [ -z "${2:-}" ] || grep -q -F -e "$2" "$1"; }; then
      return 0
    fi
    sleep 0.02
  done
  fail "no $1 ${2:-} after 60 s"
  return 1
}

# same_checkpoint A B; same_metrics A B: of two run folders, but for the times.
same_checkpoint() { "$python3" "$here/same_npz.py" "$1/checkpoint.npz" "$2/checkpoint.npz"; }
same_metrics() {
  cut -d , -f 1-5,8 "$1/metrics.csv" >metrics.a
  cut -d , -f 1-5,8 "$2/metrics.csv" >metrics.b
  [ -s metrics.a ] && diff metrics.a metrics.b
}

finish() {
  [ "$failures" -eq 0 ] && echo passed
  exit $((failures > 0))
}

cat >tiny.yaml <<'YAML'
network: {layers: [{conv: 4, pool: max}, {conv: 8, pool: max}]}
dynamics: {free_steps: 6, nudged_steps: 3}
training: {epochs: 2, batch: 16, learning_rate: [0.25, 0.15, 0.1]}
data: {train_count: 96, test_count: 32}
YAML
