// SPDX-License-Identifier: GPL-2.0-only
/* What keys do in `live --top`. */
#include <string.h>

#include "top_ui.h"

static void open_page(struct top_ui *ui, enum top_page page)
{
	/* the same key closes it */
	if (ui->page == page) {
		ui->page = TOP_PAGE_MAIN;
	} else {
		ui->from = ui->page == TOP_PAGE_HELP ? TOP_PAGE_MAIN : ui->page;
		ui->page = page;
	}
	ui->scroll = 0;
}

/* Where the chosen line is in the list, findings first; 0 where it is no more */
static int place(const struct top_ui *ui, const struct top_list *l)
{
	for (uint32_t i = 0; ui->moved && !ui->on_row && i < l->finding_cnt; i++)
		if (l->finding[i] == ui->finding)
			return (int)i;
	for (uint32_t i = 0; ui->moved && ui->on_row && i < l->row_cnt; i++)
		if (l->row[i] == ui->row)
			return (int)(l->finding_cnt + i);
	return 0;
}

static void choose(struct top_ui *ui, const struct top_list *l, int at)
{
	int cnt = (int)(l->finding_cnt + l->row_cnt);

	if (at >= cnt)
		at = cnt - 1;
	if (at < 0)
		at = 0;
	ui->on_row = at >= (int)l->finding_cnt;
	if (ui->on_row && at < cnt)
		ui->row = l->row[at - (int)l->finding_cnt];
	else if (!ui->on_row)
		ui->finding = l->finding[at];
}

static void move(struct top_ui *ui, const struct top_model *m, int key)
{
	struct top_list l;
	int at, page = ui->page_rows > 2 ? ui->page_rows - 1 : 1;

	top_list__build(m, ui, &l);
	at = place(ui, &l);
	switch (key) {
	case TOP_KEY_UP:
		at--;
		break;
	case TOP_KEY_DOWN:
		at++;
		break;
	case TOP_KEY_PAGE_UP:
		at -= page;
		break;
	case TOP_KEY_PAGE_DOWN:
		at += page;
		break;
	case TOP_KEY_HOME:
		at = 0;
		break;
	case TOP_KEY_END:
		at = (int)(l.finding_cnt + l.row_cnt) - 1;
		break;
	case TOP_KEY_TAB: /* findings, table, findings */
		at = at < (int)l.finding_cnt ? (int)l.finding_cnt : 0;
		break;
	default:
		return;
	}
	ui->moved = true;
	choose(ui, &l, at);
}

static void scroll(struct top_ui *ui, int key)
{
	int page = ui->page_rows > 2 ? ui->page_rows - 1 : 1;

	ui->scroll += key == TOP_KEY_UP	       ? -1 :
		      key == TOP_KEY_DOWN      ? 1 :
		      key == TOP_KEY_PAGE_UP   ? -page :
		      key == TOP_KEY_PAGE_DOWN ? page :
						 0;
	if (key == TOP_KEY_HOME || ui->scroll < 0)
		ui->scroll = 0;
	if (key == TOP_KEY_END || ui->scroll > ui->scroll_max)
		ui->scroll = ui->scroll_max;
}

static void open_chosen(struct top_ui *ui, const struct top_model *m)
{
	struct top_list l;

	top_list__build(m, ui, &l);
	if (!l.finding_cnt && !l.row_cnt)
		return;
	choose(ui, &l, place(ui, &l));
	open_page(ui, ui->on_row ? TOP_PAGE_ROW : TOP_PAGE_FINDING);
}

/* The finding that the row's packets belong to; by its number from anywhere */
static void open_finding(struct top_ui *ui, const struct top_model *m, uint32_t id)
{
	if (!id || id > m->finding_cnt || !m->finding[id - 1])
		return;
	ui->finding = id;
	ui->on_row = false;
	ui->moved = true;
	ui->from = TOP_PAGE_MAIN;
	ui->page = TOP_PAGE_FINDING;
	ui->scroll = 0;
}

/* True: the key was for the filter. */
static bool type(struct top_ui *ui, int key)
{
	size_t len = strlen(ui->filter);

	if (key == TOP_KEY_ENTER) {
		ui->typing = false;
	} else if (key == TOP_KEY_ESC) {
		ui->typing = false;
		ui->filter[0] = '\0';
	} else if (key == TOP_KEY_BACKSPACE || key == 127) {
		ui->filter[len ? len - 1 : 0] = '\0';
		ui->typing = len > 0;
	} else if (key >= ' ' && key < 127 && len + 1 < sizeof(ui->filter)) {
		ui->filter[len] = (char)key;
		ui->filter[len + 1] = '\0';
	} else {
		return key >= ' ' && key < 127;
	}
	return true;
}

static void escape(struct top_ui *ui)
{
	if (ui->page != TOP_PAGE_MAIN) {
		ui->page = ui->from == ui->page ? TOP_PAGE_MAIN : ui->from;
		ui->from = TOP_PAGE_MAIN;
		ui->scroll = 0;
		return;
	}
	ui->filter[0] = '\0';
	ui->moved = false;
}

static bool command(struct top_ui *ui, int key)
{
	switch (key) {
	case 'q':
		ui->quit = ui->page == TOP_PAGE_MAIN;
		if (!ui->quit)
			escape(ui);
		return true;
	case 'Q':
		ui->quit = true;
		return true;
	case 's':
		ui->sort = (ui->sort + 1) % TOP_SORTS;
		return true;
	case 'S':
		ui->sort = (ui->sort + TOP_SORTS - 1) % TOP_SORTS;
		return true;
	case 'r':
		ui->reverse = !ui->reverse;
		return true;
	case 'p':
		ui->problems_only = !ui->problems_only;
		return true;
	case 'n':
		ui->numeric = !ui->numeric;
		return true;
	case '/':
		ui->typing = true;
		ui->page = TOP_PAGE_MAIN;
		return true;
	case ' ':
	case 'f':
		ui->frozen = !ui->frozen;
		return true;
	default:
		return false;
	}
}

void top_ui__key(struct top_ui *ui, const struct top_model *m, int key)
{
	if ((ui->typing && type(ui, key)) || command(ui, key))
		return;
	if (key == TOP_KEY_ESC || key == TOP_KEY_BACKSPACE || key == 127)
		escape(ui);
	else if (key == 'h' || key == '?')
		open_page(ui, TOP_PAGE_HELP);
	else if (key == 'c')
		open_page(ui, TOP_PAGE_CHECKS);
	else if (key == 'e')
		open_page(ui, TOP_PAGE_CHANGES);
	else if (key == 'o' && ui->page == TOP_PAGE_ROW && ui->row < m->row_cnt)
		open_finding(ui, m, m->row[ui->row].finding);
	else if (key >= '1' && key <= '9')
		open_finding(ui, m, (uint32_t)(key - '0'));
	else if (key == TOP_KEY_ENTER && ui->page == TOP_PAGE_MAIN)
		open_chosen(ui, m);
	else if (key == TOP_KEY_ENTER && ui->page == TOP_PAGE_ROW && ui->row < m->row_cnt)
		open_finding(ui, m, m->row[ui->row].finding);
	else if (ui->page == TOP_PAGE_MAIN)
		move(ui, m, key == 'k' ? TOP_KEY_UP : key == 'j' ? TOP_KEY_DOWN : key);
	else
		scroll(ui, key == 'k' ? TOP_KEY_UP : key == 'j' ? TOP_KEY_DOWN : key);
}
