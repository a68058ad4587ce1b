# on-hosts.sh - sourced by floor.sh: run its functions on hosts at once, and time its phases.

running=() # pid:host of what `start` began
timings=() # phase:seconds

on() { # HOST FUNCTION [ARGUMENT...]: run a function or command as root on a host; carries the variables of $carried
  local host=$1 password script
  shift
  script=$(declare -p "${carried[@]}" 2>/dev/null; declare -f "$1" || :; echo 'set -e'; printf '%q ' "$@"; echo '</dev/null')
  password=$(awk -v name="$host" '$1 == name { print $4 }' "$LAB_HOSTS")
  if [ "$password" = - ]; then
    ssh -F "$LAB_SSH_CONFIG" "$host" sudo -n bash -s <<<"$script"
  else # -k: sudo asks in any case, so that it never leaves the password line to bash
    printf '%s\n%s\n' "$password" "$script" | ssh -F "$LAB_SSH_CONFIG" "$host" "sudo -k -S -p '' bash -s"
  fi
}

start() { # like on, in the background
  on "$@" >>"$logs/$1.log" 2>&1 &
  running+=("$!:$1:$2")
}

finish() { # wait for all that `start` began; name those that failed
  local entry failed=
  for entry in "${running[@]}"; do wait "${entry%%:*}" || failed+=" ${entry#*:}"; done
  running=()
  [ -z "$failed" ] || { echo "floor: failed:$failed; see $logs" >&2 && exit 1; }
}

run_phases() { # run phase_NAME for each NAME, with its seconds on stderr
  local begun
  for phase; do
    begun=$EPOCHREALTIME
    trap 'echo "floor: phase $phase failed; see $logs" >&2' EXIT
    "phase_$phase"
    trap - EXIT
    timings+=("$phase:$(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')")
    echo "${timings[-1]} s" >&2
  done
}

print_timings() { # SERIAL_PHASE...: one line of JSON
  printf '%s\n' "${timings[@]}" | awk -F: -v phases=" $* " '
    { printf "%s\"%s\": %s", NR == 1 ? "{" : ", ", $1, $2; total += $2 }
    index(phases, " " $1 " ") { serial += $2 }
    END { printf ", \"serial\": %.1f, \"total\": %.1f}\n", serial, total }'
}
