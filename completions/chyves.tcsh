# Completion of chyves for tcsh. Put into ~/.tcshrc: source /usr/local/share/chyves/chyves.tcsh
# tcsh has the words so far in COMMAND_LINE; the @ signs stand around what is to be completed.

complete chyves 'p@*@`chyves complete --open --line "$COMMAND_LINE"`@'
