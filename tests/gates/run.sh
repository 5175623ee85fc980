#!/usr/bin/env bash
# run.sh GATE...: run gates in order, GATE+GATE at the same time; stop at the first that fails; end with a summary.
. "$(dirname "$0")/common.sh"
# Jobs get process groups of their own, so that an interrupted run takes everything along that it started.
set -m
trap end_jobs EXIT

passed=0 skipped=0 failed=0 summary=()
mkdir -p "$BUILD/gates"

end_jobs() {
  local job
  for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
}

# Runs one gate; its exit status and seconds end up in files, because a job of its own cannot set variables here.
run_gate() {
  local started=$SECONDS status=0
  export SKIP_REASON=$BUILD/gates/$1.skip
  rm -f "$SKIP_REASON" "$BUILD/gates/$1.status"
  bash "tests/gates/$1.sh" </dev/null || status=$?
  printf '%s %s\n' "$status" "$((SECONDS - started))" >"$BUILD/gates/$1.status"
}

report() {
  local status=1 took=0 line
  if [ -e "$BUILD/gates/$1.status" ]; then read -r status took <"$BUILD/gates/$1.status"; fi
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    line="passed   $1 ($took s)"
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

total=0
for group in "$@"; do
  IFS=+ read -ra gates <<<"$group"
  total=$((total + ${#gates[@]}))
done

for group in "$@"; do
  IFS=+ read -ra gates <<<"$group"
  printf '\n== %s\n' "${gates[*]}"
  if [ "${#gates[@]}" = 1 ]; then
    run_gate "$group"
    report "$group"
  else
    # Each is printed when it is over, so that their lines do not mix.
    for gate in "${gates[@]}"; do run_gate "$gate" >"$BUILD/gates/$gate.log" 2>&1 & done
    wait || true
    for gate in "${gates[@]}"; do
      printf '\n-- %s\n' "$gate"
      cat "$BUILD/gates/$gate.log"
      report "$gate"
    done
  fi
  [ "$failed" = 0 ] || break
done

printf '\n== summary (%s s)\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
[ "$failed" = 0 ] || printf 'stopped at the first failing gate; %s not run\n' "$((total - passed - skipped - failed))"
printf 'gates: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
