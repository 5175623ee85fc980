#!/usr/bin/env bash
# run.sh GATE[:SLOTS]...: start gates in order, at the same time as far as SLOTS of them fit on this machine; start none after a failure; end with a summary.
. "$(dirname "$0")/common.sh"
# Jobs get process groups of their own, so that an interrupted run takes everything along that it started.
set -m
trap leave EXIT
CONTAINER_NET_BYTECODE=$(mktemp -d /tmp/container-net-bytecode-XXXXXX)  # simulated hosts can write into /tmp
export CONTAINER_NET_BYTECODE

# A gate without a number takes one slot. Gates wait for the kernel, for guests and for Ansible as much as they compute: three slots fill two cores, and with four each takes longer.
free=3
passed=0 skipped=0 failed=0 summary=()
declare -A running=() size=()
mkdir -p "$BUILD/gates"

leave() {
  local job
  for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
  rm -rf "$CONTAINER_NET_BYTECODE"
}

# Runs one gate; its exit status, its seconds and those of the processors end up in files, because a job of its own cannot set variables here.
run_gate() {
  local started=$SECONDS status=0
  export SKIP_REASON=$BUILD/gates/$1.skip
  rm -f "$SKIP_REASON" "$BUILD/gates/$1.status"
  bash "tests/gates/$1.sh" </dev/null || status=$?
  times >"$BUILD/gates/$1.times"
  printf '%s %s %s\n' "$status" "$((SECONDS - started))" "$(awk -F '[ms ]+' 'NR == 2 { printf "%d", 60 * ($1 + $3) + $2 + $4 }' "$BUILD/gates/$1.times")" \
    >"$BUILD/gates/$1.status"
}

report() {
  local status=1 took=0 worked=0 line
  if [ -e "$BUILD/gates/$1.status" ]; then read -r status took worked <"$BUILD/gates/$1.status"; fi
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    line="passed   $1 ($took s, $worked s of processors)"
  elif [ "$status" = 77 ] && [ -s "$BUILD/gates/$1.skip" ]; then
    skipped=$((skipped + 1))
    line="skipped  $1: $(cat "$BUILD/gates/$1.skip")"
  else
    failed=$((failed + 1))
    line="FAILED   $1 ($took s, exit status $status)"
  fi
  printf '== %s\n' "$line"
  summary+=("$line")
}

# Wait for one gate to end and print what it said, in one piece.
finish_one() {
  local job gate
  wait -n -p job "${!running[@]}" || true
  gate=${running[$job]}
  unset "running[$job]"
  free=$((free + size[$gate]))
  printf '\n-- %s\n' "$gate"
  cat "$BUILD/gates/$gate.log"
  report "$gate"
}

if [ "$#" = 1 ]; then
  # Alone, it is seen while it runs.
  run_gate "${1%%:*}"
  report "${1%%:*}"
  set --
fi
total=$((passed + skipped + failed + $#))
for wanted in "$@"; do
  gate=${wanted%%:*}
  size[$gate]=1; case $wanted in *:*) size[$gate]=${wanted##*:} ;; esac
  while [ "$failed" = 0 ] && [ "$free" -lt "${size[$gate]}" ]; do finish_one; done
  [ "$failed" = 0 ] || break
  free=$((free - size[$gate]))
  printf '== started  %s\n' "$gate"
  run_gate "$gate" >"$BUILD/gates/$gate.log" 2>&1 &
  running[$!]=$gate
done
while [ "${#running[@]}" -gt 0 ]; do finish_one; done

printf '\n== summary (%s s)\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
[ "$failed" = 0 ] || printf 'no gate was started after the failing one; %s not run\n' "$((total - passed - skipped - failed))"
printf 'gates: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
