# Completion of chyves for bash. Source this file, or put it where bash-completion looks:
# /usr/local/share/bash-completion/completions/chyves

_chyves() {
	local line=${COMP_LINE:0:COMP_POINT} word
	local typed=${line##* }
	# bash replaces only what stands behind the last of its own word breaks, such as = and :
	# (not @, which it keeps with the word).
	local breaks=${COMP_WORDBREAKS//@/}
	local kept=${typed%"${typed##*["$breaks"]}"}
	COMPREPLY=()
	while IFS= read -r word; do
		word=${word#"$kept"} word=${word// /\\ }
		[[ $word == *[=/,] ]] && compopt -o nospace
		COMPREPLY+=("$word")
	done < <("$1" complete --line "$line" 2>/dev/null)
}
complete -F _chyves chyves
