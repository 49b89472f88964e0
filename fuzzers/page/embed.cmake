# SPDX-License-Identifier: GPL-2.0-only
# cmake -DFOLDER=... -DSTYLES="a.css" -DSCRIPTS="a.js b.js" -DOUT=page_files.c -P embed.cmake
#
# page.html, the styles and the scripts as strings of C.

function(embed name file)
	file(READ "${FOLDER}/${file}" hex HEX)
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
	string(APPEND text "static const char ${name}_bytes[] = {${bytes}0};\n")
	set(text "${text}" PARENT_SCOPE)
endfunction()

set(text "/* Made from the files of ${FOLDER_NAME} by embed.cmake. */\n#include \"page_files.h\"\n\n")
# embed_all(NAME FILE...): NAME is an array of them, NULL at the end.
function(embed_all array)
	set(list "")
	foreach(file IN LISTS ARGN)
		string(MAKE_C_IDENTIFIER "${file}" name)
		embed(${name} ${file})
		string(APPEND list "${name}_bytes, ")
	endforeach()
	string(APPEND text "const char *const ${array}[] = {${list}0};\n")
	set(text "${text}" PARENT_SCOPE)
endfunction()

separate_arguments(styles UNIX_COMMAND "${STYLES}")
separate_arguments(scripts UNIX_COMMAND "${SCRIPTS}")
embed(html page.html)
string(APPEND text "const char *const page_html = html_bytes;\n")
embed_all(page_styles ${styles})
embed_all(page_scripts ${scripts})
file(WRITE "${OUT}" "${text}")
