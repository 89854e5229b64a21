#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg meta: metadata, metrics and titles.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "meta sets metadata and metrics above what a version was put with, and prints nothing" {
	mreg_is 0 meta digits:v1 dataset=mnist epoch=20 --metric acc=0.93
	says_nothing
	no_complaint
	mreg_is 0 meta --json digits:v1
	json '. == {format: 1, ref: "digits:v1", metadata: {dataset: "mnist", epoch: 20}, metrics: {acc: 0.93}}'
	mreg_is 0 meta digits:v1
	says metadata '  epoch:      20' '  dataset:    mnist' metrics '  acc:        0.93'
	mreg_is 0 show --json digits:v1
	json '.metadata == {dataset: "mnist", epoch: 20} and .metrics == {acc: 0.93}'
}
