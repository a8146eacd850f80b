"""Hypothesis strategies for text as it reaches drtest from file systems and programs."""

from __future__ import annotations

from hypothesis import strategies as st

# What os.fsdecode can give: any character, and the lone surrogates of bytes that are not UTF-8.
hostile = st.one_of(
    st.text(),
    st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.sampled_from(
        [
            "\x1b[31mred\x1b[0m",
            "a\nb",
            "\x7f",
            "\x9b2J",
            "\u202etxt.exe",
            "\u2028",
            "[bold]x[/bold]",
            "",
        ]
    ),
)
