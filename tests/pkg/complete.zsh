# SPDX-License-Identifier: GPL-2.0-only
#
# zsh -f tests/pkg/complete.zsh FUNCTIONS LINE: what a zsh offers at the end of LINE, one word a line. It
# completes on a terminal only, so it gets one (zpty); what it would list is written to a file
# on its way there.

zmodload zsh/zpty
log=$(mktemp) rc=$(mktemp)
cat >$rc <<END
fpath=($1 \$fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
	local -a offered_words
	# its own questions are not what is offered
	[[ \${@[(r)-[OAD]]} == -[OAD] ]] || { builtin compadd -A offered_words "\$@"; print -rl -- \$offered_words >>$log; }
	builtin compadd "\$@"
}
unsetopt beep
PS1='rea''dy>'
END
zpty -b child zsh -f -i
zpty -w child "source $rc"
until zpty -r -m child said '*ready>*' || ! zpty -t child; do sleep 0.05; done
zpty -w -n child "$2"$'\t'
# The list is written at once, but when is up to the shell.
for ((i = 0; i < 200; i++)); do
	zpty -r -t child said || :
	[[ ! -s $log ]] || { sleep 0.2 && break; }
	sleep 0.05
done
zpty -d child
sort -u $log
# Not by a trap: the child would run it, too.
rm -f $log $rc
