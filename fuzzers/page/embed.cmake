# SPDX-License-Identifier: GPL-2.0-only
# cmake -DFOLDER=... -DSCRIPTS="a.js b.js" -DOUT=page_files.c -P embed.cmake
#
# page.html, page.css and the scripts as strings of C.

function(embed name file)
	file(READ "${FOLDER}/${file}" hex HEX)
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
	string(APPEND text "static const char ${name}_bytes[] = {${bytes}0};\n")
	set(text "${text}" PARENT_SCOPE)
endfunction()

set(text "/* Made from the files of ${FOLDER_NAME} by embed.cmake. */\n#include \"page_files.h\"\n\n")
embed(html page.html)
embed(css page.css)
set(list "")
separate_arguments(scripts UNIX_COMMAND "${SCRIPTS}")
foreach(script IN LISTS scripts)
	string(MAKE_C_IDENTIFIER "${script}" name)
	embed(${name} ${script})
	string(APPEND list "${name}_bytes, ")
endforeach()
string(APPEND text "
const char *const page_html = html_bytes;
const char *const page_css = css_bytes;
const char *const page_scripts[] = {${list}0};
")
file(WRITE "${OUT}" "${text}")
