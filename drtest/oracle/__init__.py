"""Captures a tree, diffs two trees, models duplicity's file selection; never asks duplicity.

* ``capture``    the disk -> a sorted stream of entries; below it ``folder`` (what lies in one),
  ``path``, ``content``, ``recall`` (the stat cache; ``memory``: its file), and ``ahead``, which in
  a large tree shares the folders with a second process (``second``: its near side, ``worker``: the
  process, ``wire``: messages)
* ``trees``      where truths and restored trees are stored, as differences (``rows``: the format)
* ``diff``       want, got -> differences; what is not compared is declared there
* ``selection``  which paths duplicity's rules select, by drtest's own model; below it ``ruling``
  (from rules to what is asked, and to argv), ``criteria``, ``glob``, ``filelist``, ``rooting``;
  ``refusal`` says what duplicity would not take, ``nearest`` what was perhaps meant
* ``promise``    which paths ``objectives.protect`` covers
"""
