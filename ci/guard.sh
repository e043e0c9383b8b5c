# Read by the other scripts here: what a scanned repository holds decides neither what they start
# nor where they write. Until PATH is set nothing but bash itself is used.

unset CDPATH GLOBIGNORE
here=$(pwd -P)
top=$here # the repository around it, where there is one
while [[ $top != / && -n $top && ! -e $top/.git ]]; do
  top=${top%/*}
done
if [[ -z $top || $top == / ]]; then
  top=$here
fi

is_in_repository() { # whether the folder $1 lies in what is scanned
  [[ $1 == "$top" || $1 == "$top"/* ]]
}

guard_path() { # leave out of PATH what is relative, and folders of the repository
  local entry folder kept="" rest=$PATH:
  while [[ -n $rest ]]; do
    entry=${rest%%:*}
    rest=${rest#*:}
    if [[ $entry == /* ]] && folder=$(cd -P -- "$entry" 2>/dev/null && pwd -P) && ! is_in_repository "$folder"; then
      kept+=${kept:+:}$entry
    fi
  done
  PATH=${kept:-/usr/bin:/bin}
  export PATH
  hash -r
}

refuse_links() { # end where writing to $1 would follow a link that lies in the repository
  local place=$1 parent
  [[ $place == /* ]] || place=$here/$place
  while [[ -n $place ]]; do
    place=${place%/}
    parent=${place%/*}
    if [[ -L $place ]] && parent=$(cd -P -- "${parent:-/}" 2>/dev/null && pwd -P) && is_in_repository "$parent"; then
      printf '%s is a link of the scanned repository: nothing is written there\n' "$place" >&2
      exit 2
    fi
    place=${place%/*}
  done
}

guard_path
