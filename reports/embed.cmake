# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=file -DNAME=asset -DOUTPUT=file.c -P embed.cmake
# Writes a C file with the bytes of INPUT as epx_asset_NAME[] and epx_asset_NAME_size.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REPEAT "....." 20 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
get_filename_component(file ${INPUT} NAME)
file(WRITE ${OUTPUT}
  "/* Generated from ${file}. */\n#include \"epx_assets.h\"\n\n"
  "const unsigned char epx_asset_${NAME}[] = {\n${bytes}\n};\n"
  "const size_t epx_asset_${NAME}_size = ${size};\n")
