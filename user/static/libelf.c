// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the static program alone: the libelf.a of elfutils 0.192 (Debian trixie)
 * names two functions that it does not hold, sourceware bug 32293. They make
 * and free a tree that only elf_getdata_rawchunk() fills, which nothing here
 * calls. Weak, so that a complete libelf.a wins; a caller of rawchunk would
 * still fail to link. Remove when no supported release has 0.192.
 */

void eu_search_tree_init(void *tree, void *compare);
void eu_search_tree_fini(void *tree, void *free_node);

__attribute__((weak)) void eu_search_tree_init(void *tree, void *compare)
{
	(void)tree;
	(void)compare;
}

__attribute__((weak)) void eu_search_tree_fini(void *tree, void *free_node)
{
	(void)tree;
	(void)free_node;
}
