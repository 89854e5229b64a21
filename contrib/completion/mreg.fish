# SPDX-License-Identifier: Apache-2.0
# fish completion for mreg; it asks the program, so it cannot go stale.
# Use: mreg completion fish | source, or install it as vendor_completions.d/mreg.fish.

# The verb on the line, past the options that stand before it.
function __mreg_verb
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case -C -c --registry --template --color
                set skip 1
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end

function __mreg_words
    set -l verb (__mreg_verb)
    set -l cur (commandline -ct)
    if test -z "$verb"
        if string match -q -- '-*' $cur
            mreg --list-options 2>/dev/null
        else
            mreg help --list 2>/dev/null
        end
    else if string match -q -- '-*' $cur
        mreg $verb --list-options 2>/dev/null
    else
        switch $verb
            case help
                mreg help --list 2>/dev/null
            case completion
                printf '%s\n' bash fish zsh
            case init config
            case '*'
                if string match -q -- '*:*' $cur
                    set -l name (string split -m 1 : -- $cur)[1]
                    mreg alias -q $name 2>/dev/null
                    mreg ls -q $name 2>/dev/null
                else
                    mreg ls -q 2>/dev/null
                end
        end
    end
end

complete -c mreg -a '(__mreg_words)'
