# Completion of container-net for bash.
_container_net() {
  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-}
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "restore follow check show explain export enable disable forget cni netavark-plugin --help" -- "$word")
    return
  fi
  case $word in
    -*)
      local options=--help
      case $verb in
        restore) options="--help --wait --without-engines" ;;
        check) options="--help --json --textfile" ;;
        explain) options="--help --scope --size --json" ;;
        enable) options="--help --follow --restart --share --check" ;;
        disable) options="--help --share --check" ;;
      esac
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
      ;;
    *)
      if [ "$verb" = netavark-plugin ] && [ "$COMP_CWORD" -eq 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W "create setup teardown info" -- "$word")
      elif [ "$verb" = netavark-plugin ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" = --textfile ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
      else
        mapfile -t COMPREPLY < <(compgen -W "$(container-net show 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$word")
      fi
      ;;
  esac
}
complete -F _container_net container-net
