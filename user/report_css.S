/* SPDX-License-Identifier: GPL-2.0-only */
/* The style of report's pages, inside the program. */
	.section .rodata
	.global calitrace_report_css
	.type calitrace_report_css, %object
calitrace_report_css:
	.incbin "user/report.css"
	.global calitrace_report_css_end
	.type calitrace_report_css_end, %object
calitrace_report_css_end:
	.byte 0
	.size calitrace_report_css, . - calitrace_report_css

	.section .note.GNU-stack, "", %progbits
