// The parts of libyuv that are used. The umbrella header also pulls in C++ declarations, which do not import.
#include <libyuv/convert.h>
#include <libyuv/planar_functions.h>
#include <libyuv/rotate.h>
#include <libyuv/scale.h>
#include <libyuv/scale_uv.h>
#include <libyuv/version.h>
