# Completion of chyves for fish. Put this file into /usr/local/share/fish/vendor_completions.d
# or ~/.config/fish/completions

function __chyves_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    $words[1] complete $words[2..-1] "$typed" 2>/dev/null
end
complete -c chyves -f -a '(__chyves_complete)'
