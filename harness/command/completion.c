/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `completion`: what a shell needs to complete command lines, made of the tables of commands, options, keys and names. Only
 * the names of profiles are asked for when they are needed, because users have profiles of their own.
 */
#include <stdio.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/experiment/help.h"

static void print_kinds(void)
{
    for (uint32_t k = 0; list_kind(k); k++)
        printf(" %s", list_kind(k)->many);
    fputs(" profiles", stdout);
}

static void print_commands(void)
{
    for (const struct command *c = command_table; c->name; c++)
        printf(" %s", c->name);
}

/** Keys of the profile; those of lists have the number of an entry in them, and no word before it. */
static void print_keys(const struct key_section *section, const char *before)
{
    for (uint32_t i = 0; i < keys_count(section); i++)
        printf(" %s%s%s", before, *before ? "." : "", keys_at(section, i)->path);
}

static void print_figures(void)
{
    for (uint32_t i = 0; i < keys_name_count(&keys_plots); i++)
        printf(" %s", keys_name_at(&keys_plots, i).name);
}

/** Whatever `help` explains. */
static void print_help_words(void)
{
    for (uint32_t k = 0; list_kind(k); k++)
        for (uint32_t i = 0; i < keys_name_count(list_kind(k)); i++)
            printf(" %s", keys_name_at(list_kind(k), i).name);
    print_commands();
    for (uint32_t k = 0; k < KEYS_SECTIONS; k++)
        print_keys(&keys_sections[k], keys_sections[k].name);
}

/** The words that one of `completes` stands for, separated by spaces; nothing where the shell has to look for them. */
static void print_words(const char *completes)
{
    if (strcmp(completes, "shell") == 0)
        fputs(" bash zsh", stdout);
    else if (strcmp(completes, "kind") == 0)
        print_kinds();
    else if (strcmp(completes, "key") == 0)
        print_keys(KEYS_PROFILE, "");
    else if (strcmp(completes, "figure") == 0)
        print_figures();
    else if (strcmp(completes, "word") == 0)
        print_help_words();
}

static void print_options(const struct command *command)
{
    for (uint32_t i = 0; i < COMMAND_OPTIONS; i++)
        if (command->options & 1u << i)
            printf(" --%s", command_options[i].name);
    fputs(" --help", stdout);
}

/** A pattern of a shell's `case` for each option that completes in this way; false: there is none. */
static bool print_option_pattern(const char *completes)
{
    bool any = false;
    for (uint32_t i = 0; i < COMMAND_OPTIONS; i++) {
        const struct command_option_row *const row = &command_options[i];
        if (!row->completes || strcmp(row->completes, completes) != 0)
            continue;
        printf("%s--%s", any ? "|" : "", row->name);
        if (row->letter)
            printf("|-%c", row->letter);
        any = true;
    }
    return any;
}

static const char profiles[] =
    "$(\"$program\" list profiles 2>/dev/null | while read -r name rest; do echo \"$name\"; done)";

static void print_bash_command(const struct command *c)
{
    const char *const completes = c->completes ? c->completes : "";
    printf("    %s)\n        if [[ $current == -* ]]; then\n            words='", c->name);
    print_options(c);
    fputs("'\n", stdout);
    if (*completes)
        fputs("        else\n", stdout);
    if (strcmp(completes, "profile") == 0) {
        printf("            words=%s\n"
               "            compopt -o filenames\n"
               "            COMPREPLY=($(compgen -f -X '!*.yaml' -- \"$current\"))\n",
               profiles);
    } else if (strcmp(completes, "run") == 0) {
        fputs("            compopt -o filenames\n"
              "            COMPREPLY=($(compgen -d -- \"$current\"))\n",
              stdout);
    } else if (*completes) {
        fputs("            words='", stdout);
        print_words(completes);
        fputs("'\n", stdout);
    }
    fputs("        fi ;;\n", stdout);
}

static void print_bash(void)
{
    fputs("# Completion of dawdle for bash, made by: dawdle completion bash\n"
          "_dawdle() {\n"
          "    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}\n"
          "    local before=${COMP_WORDS[COMP_CWORD - 1]} command= words= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }\n"
          "    done\n"
          "    COMPREPLY=()\n"
          "    case $before in\n    ",
          stdout);
    print_option_pattern("key");
    fputs(")\n        compopt -o nospace\n        COMPREPLY=($(compgen -S = -W '", stdout);
    print_words("key");
    fputs("' -- \"$current\"))\n        return ;;\n    ", stdout);
    print_option_pattern("profile");
    printf(")\n        COMPREPLY=($(compgen -W \"%s\" -- \"$current\"))\n        return ;;\n    ",
           profiles);
    print_option_pattern("figure");
    fputs(")\n        COMPREPLY=($(compgen -W '", stdout);
    print_words("figure");
    fputs("' -- \"$current\"))\n        return ;;\n    ", stdout);
    print_option_pattern("folder");
    fputs("|", stdout);
    print_option_pattern("run");
    fputs(")\n        compopt -o filenames\n        COMPREPLY=($(compgen -d -- \"$current\"))\n"
          "        return ;;\n    esac\n    case $command in\n",
          stdout);
    for (const struct command *c = command_table; c->name; c++)
        print_bash_command(c);
    fputs("    '') words='", stdout);
    print_commands();
    fputs(" --help --version' ;;\n    esac\n"
          "    COMPREPLY+=($(compgen -W \"$words\" -- \"$current\"))\n"
          "}\ncomplete -F _dawdle dawdle\n",
          stdout);
}

/** `'name:what it is'`, with what ends either of them escaped. */
static void print_described(const char *before, const char *name, const char *help)
{
    printf(" '%s%s:", before, name);
    for (; *help; help++)
        if (*help == '\'')
            fputs("'\\''", stdout);
        else
            printf(*help == ':' ? "\\%c" : "%c", *help);
    fputs("'", stdout);
}

static void print_zsh_command(const struct command *c)
{
    const char *const completes = c->completes ? c->completes : "";
    printf("    %s)\n        if [[ $PREFIX == -* ]]; then\n            described=(", c->name);
    for (uint32_t i = 0; i < COMMAND_OPTIONS; i++)
        if (c->options & 1u << i || i == COMMAND_HELP)
            print_described("--", command_options[i].name, command_options[i].help);
    fputs(")\n            _describe -o option described\n", stdout);
    if (*completes)
        fputs("        else\n", stdout);
    if (strcmp(completes, "profile") == 0) {
        printf("            compadd -- ${(f)\"%s\"}\n            _files -g '*.yaml'\n", profiles);
    } else if (strcmp(completes, "run") == 0) {
        fputs("            _files -/\n", stdout);
    } else if (*completes) {
        fputs("            compadd --", stdout);
        print_words(completes);
        fputs("\n", stdout);
    }
    fputs("        fi ;;\n", stdout);
}

static void print_zsh(void)
{
    fputs("#compdef dawdle\n# Completion of dawdle for zsh, made by: dawdle completion zsh\n"
          "_dawdle() {\n    local program=${words[1]} command= word\n    local -a described\n"
          "    for word in ${words[2,CURRENT-1]}; do\n"
          "        [[ $word == -* ]] || { command=$word; break; }\n    done\n"
          "    case ${words[CURRENT-1]} in\n    ",
          stdout);
    print_option_pattern("key");
    fputs(") compadd -S = --", stdout);
    print_words("key");
    fputs("; return ;;\n    ", stdout);
    print_option_pattern("profile");
    printf(") compadd -- ${(f)\"%s\"}; return ;;\n    ", profiles);
    print_option_pattern("figure");
    fputs(") compadd --", stdout);
    print_words("figure");
    fputs("; return ;;\n    ", stdout);
    print_option_pattern("folder");
    fputs("|", stdout);
    print_option_pattern("run");
    fputs(") _files -/; return ;;\n    esac\n    case $command in\n", stdout);
    for (const struct command *c = command_table; c->name; c++)
        print_zsh_command(c);
    fputs("    '')\n        described=(", stdout);
    for (const struct command *c = command_table; c->name; c++)
        print_described("", c->name, c->help);
    fputs(")\n        _describe command described ;;\n    esac\n}\n"
          "[[ $funcstack[1] == _dawdle ]] && _dawdle || compdef _dawdle dawdle\n",
          stdout);
}

int command_completion(struct command_line *line)
{
    const char *const shell = line->argument[1];
    if (strcmp(shell, "bash") == 0)
        return print_bash(), 0;
    if (strcmp(shell, "zsh") == 0)
        return print_zsh(), 0;
    fprintf(stderr, "dawdle: error: no completion for '%s'; expected one of: bash zsh\n", shell);
    return 2;
}
