// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one file that knows ncurses. It is never waited for: keys are read when there are some, and
 * nothing is drawn while the terminal does not take it, so that a stalled connection stalls no tracing.
 */
#include "top.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "top_terminfo.h"
#include "top_ui.h"
#include "util.h"

#define CHECKS_NS (2 * NS_PER_S)
/* Checks take at most a hundredth of the time. */
#define CHECKS_SHARE 100
#define SAID_LINES 64
#define SAID_LEN 400

struct top {
	struct top_model *model, *frozen; /* frozen: NULL, or what is looked at */
	struct top_ui ui;
	struct top_frame frame;
	uint64_t checks_at, drawn_s;
	bool dirty, over;
	/* the terminal */
	SCREEN *screen;
	FILE *out;
	attr_t attr[TOP_STYLES];
	/* standard error */
	int err_fd, err_pipe; /* what it was; what is read instead; -1: left alone */
	char said[SAID_LINES][SAID_LEN], line[SAID_LEN];
	size_t line_len;
	uint32_t said_cnt;
};

int top_check(char *why, size_t why_sz)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(why, why_sz,
			 "--top needs a terminal on standard input and output: leave it out, or "
			 "connect with ssh -t (kubectl exec -it)");
		return -ENOTTY;
	}
	if (!term || !*term || !strcmp(term, "dumb")) {
		snprintf(why, why_sz,
			 "--top cannot draw on a terminal of type '%s': leave it out, or set TERM",
			 term ? term : "");
		return -ENOTTY;
	}
	return 0;
}

/* ---- standard error ---- */

/* Lines in the midst of the screen would be read by nobody. */
static void hold_stderr(struct top *t)
{
	int fd[2];

	t->err_fd = t->err_pipe = -1;
	if (!isatty(STDERR_FILENO) || pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return;
	t->err_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (t->err_fd < 0 || dup2(fd[1], STDERR_FILENO) < 0) {
		close(fd[0]);
		if (t->err_fd >= 0)
			close(t->err_fd);
		t->err_fd = -1;
	} else {
		t->err_pipe = fd[0];
	}
	close(fd[1]);
}

static void end_line(struct top *t)
{
	static const char name[] = "calitrace: ";
	char *keep = t->said[t->said_cnt++ % SAID_LINES];

	t->line[t->line_len] = '\0';
	t->line_len = 0;
	memcpy(keep, t->line, SAID_LEN);
	top_model__message(t->model,
			   strncmp(keep, name, strlen(name)) ? keep : keep + strlen(name));
	t->dirty = true;
}

static void read_stderr(struct top *t)
{
	char buf[1024];
	ssize_t n;

	while (t->err_pipe >= 0 && (n = read(t->err_pipe, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] == '\n')
				end_line(t);
			else if (t->line_len + 1 < sizeof(t->line))
				t->line[t->line_len++] = buf[i];
		}
	}
}

static void release_stderr(struct top *t)
{
	uint32_t from = t->said_cnt > SAID_LINES ? t->said_cnt - SAID_LINES : 0;

	if (t->err_pipe < 0)
		return;
	read_stderr(t);
	if (t->line_len)
		end_line(t);
	dup2(t->err_fd, STDERR_FILENO);
	close(t->err_fd);
	close(t->err_pipe);
	t->err_fd = t->err_pipe = -1;
	if (from)
		fprintf(stderr, "calitrace: %u earlier messages are not kept\n", from);
	for (uint32_t i = from; i < t->said_cnt; i++)
		fprintf(stderr, "%s\n", t->said[i % SAID_LINES]);
}

/* ---- the terminal ---- */

/* A static program finds no locale on a machine that has none, or another library's. */
static bool knows_utf8(void)
{
	const char *env = getenv("LC_ALL");

	if (!env || !*env)
		env = getenv("LC_CTYPE");
	if (!env || !*env)
		env = getenv("LANG");
	if (!setlocale(LC_CTYPE, "") && env &&
	    (strcasestr(env, "utf-8") || strcasestr(env, "utf8")))
		setlocale(LC_CTYPE, "C.UTF-8");
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static void set_colours(struct top *t, bool colour)
{
	attr_t *a = t->attr;

	a[TOP_BOLD] = a[TOP_BAD] = a[TOP_WARN] = A_BOLD;
	a[TOP_DIM] = A_DIM;
	a[TOP_BAR] = a[TOP_CHOSEN] = A_REVERSE;
	if (!colour || !has_colors() || start_color() == ERR)
		return;
	use_default_colors();
	init_pair(1, COLOR_RED, -1);
	init_pair(2, COLOR_YELLOW, -1);
	init_pair(3, COLOR_GREEN, -1);
	a[TOP_BAD] |= (attr_t)COLOR_PAIR(1);
	a[TOP_WARN] |= (attr_t)COLOR_PAIR(2);
	a[TOP_GOOD] |= (attr_t)COLOR_PAIR(3);
}

/* Standard output's own stream is no terminal to ncurses: it hangs on no descriptor. */
static int open_screen(struct top *t)
{
	const char *term = getenv("TERM"), *name, *entry;
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	t->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!t->out) {
		if (fd >= 0)
			close(fd);
		return -errno;
	}
	t->screen = newterm(NULL, t->out, stdin);
	if (!t->screen) {
		entry = top_terminfo(term, &name);
		setenv("TERMINFO", entry, 1);
		t->screen = newterm(name, t->out, stdin);
	}
	return t->screen ? 0 : -ENOTTY;
}

static void set_screen(struct top *t, bool colour)
{
	const char *term = getenv("TERM");
	bool utf8 = knows_utf8();

	/* the console's font has no eighths of a block, and a vt100 none at all */
	t->ui.blocks = utf8 && strcmp(term, "linux") && strncmp(term, "vt", 2);
	t->frame.ascii = !utf8;
	cbreak();
	noecho();
	nonl();
	intrflush(NULL, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	leaveok(stdscr, TRUE);
	set_colours(t, colour);
}

static int fit(struct top *t)
{
	struct winsize ws;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row && ws.ws_col)
		resizeterm(ws.ws_row, ws.ws_col);
	t->dirty = true;
	return top_frame__size(&t->frame, LINES, COLS);
}

int top__new(const struct top_opts *o, struct top **ret, char *why, size_t why_sz)
{
	struct top *t = calloc(1, sizeof(*t));
	int err = t ? top_model__new(o->start_ns, o->wall_offset_ns, &t->model) : -ENOMEM;

	snprintf(why, why_sz, "out of memory");
	if (err) {
		free(t);
		return err;
	}
	t->err_fd = t->err_pipe = -1;
	tzset();
	snprintf(t->model->node, sizeof(t->model->node), "%s", o->node);
	snprintf(t->model->version, sizeof(t->model->version), "%s", o->version);
	t->model->iface_cnt = o->iface_cnt;
	t->model->pool_cnt = o->pool_cnt;
	t->ui.numeric = o->numeric;
	/* its locale says what its screen may hold */
	(void)knows_utf8();
	err = open_screen(t);
	if (err) {
		snprintf(why, why_sz,
			 "--top: cannot draw on a terminal of type '%.40s': leave it out",
			 getenv("TERM"));
	} else {
		set_screen(t, o->colour);
		err = fit(t);
	}
	if (err) {
		top__free(t);
		return err;
	}
	hold_stderr(t);
	*ret = t;
	return 0;
}

void top__free(struct top *t)
{
	if (!t)
		return;
	if (t->screen) {
		endwin();
		delscreen(t->screen);
	}
	if (t->out)
		fclose(t->out);
	release_stderr(t);
	top_frame__free(&t->frame);
	top_model__free(t->model);
	top_model__free(t->frozen);
	free(t);
}

/* ---- drawing ---- */

static void paint_row(const struct top *t, int row)
{
	const struct top_cell *cell = &t->frame.cell[row * t->frame.cols];

	move(row, 0);
	for (int col = 0; col < t->frame.cols && col < COLS; col++) {
		attrset(t->attr[cell[col].style]);
		addstr(cell[col].s);
	}
}

static bool takes_output(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLOUT);
}

static void draw(struct top *t)
{
	if (!takes_output())
		return;
	t->dirty = false;
	t->drawn_s = t->model->now_ns / NS_PER_S;
	top_draw(&t->frame, &t->ui, t->frozen ? t->frozen : t->model, t->model);
	for (int row = 0; row < t->frame.rows && row < LINES; row++)
		paint_row(t, row);
	refresh();
}

/* ---- what the session calls ---- */

void top__record(struct top *t, const struct record *rec)
{
	top_model__record(t->model, rec);
}

void top__tick(struct top *t, uint64_t ts_ns)
{
	top_model__tick(t->model, ts_ns);
}

static void on_check(void *ctx, const struct check *c)
{
	struct top *t = ctx;

	top_model__check(t->model, c);
}

static void look_at_checks(struct top *t, const struct engine *e)
{
	uint64_t now = mono_ns(), took;

	if (now < t->checks_at)
		return;
	top_model__checks_begin(t->model);
	engine__audit(e, on_check, t);
	took = mono_ns() - now;
	t->checks_at = now + (took * CHECKS_SHARE > CHECKS_NS ? took * CHECKS_SHARE : CHECKS_NS);
}

void top__turn(struct top *t, const struct engine *e)
{
	read_stderr(t);
	look_at_checks(t, e);
	if (t->dirty || t->model->now_ns / NS_PER_S != t->drawn_s)
		draw(t);
}

static int key_of(int c)
{
	switch (c) {
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_END:
		return TOP_KEY_END;
	case KEY_ENTER:
	case '\r':
		return TOP_KEY_ENTER;
	case KEY_BACKSPACE:
		return TOP_KEY_BACKSPACE;
	case KEY_LEFT:
		return TOP_KEY_ESC;
	case KEY_RIGHT:
		return TOP_KEY_ENTER;
	default:
		return c < 128 ? c : TOP_KEY_NONE;
	}
}

static void on_key(struct top *t, int c)
{
	if (c == 'L' - '@') { /* Ctrl-L: something else wrote on the screen */
		clearok(stdscr, TRUE);
		return;
	}
	top_ui__key(&t->ui, t->frozen ? t->frozen : t->model, key_of(c));
	if (t->ui.frozen && !t->frozen && top_model__copy(t->model, &t->frozen))
		t->ui.frozen = false;
	if (!t->ui.frozen) {
		top_model__free(t->frozen);
		t->frozen = NULL;
	}
}

void top__input(struct top *t)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int c;

	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
		t->over = true;
	while (!t->over && (c = getch()) != ERR) {
		if (c != KEY_RESIZE)
			on_key(t, c);
		t->dirty = true;
	}
}

/* While we stand still nothing is traced, and the losses say so. */
static void suspend(struct top *t)
{
	endwin();
	kill(getpid(), SIGSTOP);
	clearok(stdscr, TRUE);
	if (fit(t))
		t->over = true;
}

void top__signal(struct top *t, int sig)
{
	if (sig == SIGTSTP)
		suspend(t);
	else if (fit(t))
		t->over = true;
}

bool top__over(const struct top *t)
{
	return t->over || t->ui.quit;
}
