# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317,SC2154 # functions called by their names; variables of lab.sh
#
# What healthy nodes have besides: each feature may be added to a lab that runs.

readonly feature_list=''
readonly nodelocal=169.254.20.10

feature_active() { [ -e "$state/features/$1" ]; }
can_feature() { cannot "no such fault or feature: $1"; }
