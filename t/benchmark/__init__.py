# SPDX-License-Identifier: Apache-2.0
"""What t/bench is made of.

workloads   the files that are stored, the same bytes on every machine
peers       the programs that are compared, and what each calls put, get and verify
run         a place to run them in, what is measured, one round of a peer on a workload
versions    many small versions: put, alias and resolve as whole processes
sharing     push, pull and clone, beside what copies whole stores; wire counts what travels, sshd is the far machine
figures     medians, ratios, and what mreg is to reach
table       all of it as Markdown
machine     what it ran on
"""
