# SPDX-License-Identifier: Apache-2.0
# fish completion for mreg; it asks the program, so it cannot go stale.
# Use: mreg completion fish | source, or install it as vendor_completions.d/mreg.fish.

function __mreg_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # a program, not something of ours; its words are files, as a rule
    if test "$words[-1]" = --; and string match -qr ' (run exec|watch) ' " $words "
        __fish_complete_command
        return
    end
    set -l found (mreg completion --complete -- $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end

complete -c mreg -f -a '(__mreg_words)'
