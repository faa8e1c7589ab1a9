"""What a shell needs to complete the words of `tito`."""

SHELLS = ("bash", "zsh", "fish")
_BASH = """\
_tito() {{
  local so_far="${{COMP_WORDS[*]:1:COMP_CWORD-1}}" last="${{COMP_WORDS[COMP_CWORD]}}"
  case "$so_far" in
{cases}
    *) COMPREPLY=($(compgen -f -- "$last")) ;;
  esac
}}
complete -o filenames -F _tito tito
"""


def script(shell: str, words: dict[str, list[str]]) -> str:
    """Return the text to source, such as `source <(tito completion bash)`.

    words: the commands that may follow, by the words so far.
    """
    if shell == "fish":
        return "".join(_fish(above, after) for above, after in words.items())
    cases = "\n".join(
        f'    "{above}") COMPREPLY=($(compgen -W "{" ".join(after)}" -- "$last")) ;;'
        for above, after in words.items()
    )
    before = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    return before + _BASH.format(cases=cases)


def _fish(above: str, after: list[str]) -> str:
    seen = f"__fish_seen_subcommand_from {above}" if above else "__fish_use_subcommand"
    return f"complete -c tito -f -n '{seen}' -a '{' '.join(after)}'\n"
