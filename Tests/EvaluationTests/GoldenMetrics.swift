/// What motmetrics 1.4.0 and TrackEval 1.3.0 compute on the shared MOT files; made by `tools/evaluation/golden.py`,
/// rounded to six decimals.
let goldenMetrics = """
  {
    "motmetrics": {
      "MOT16-02": {
        "idf1": 0.407143, "idp": 0.464368, "idr": 0.362474, "mostly_lost": 11, "mostly_tracked": 12,
        "mota": 0.290361, "motp": 0.209866, "num_detections": 9618, "num_false_positives": 4302, "num_fragmentations": 252,
        "num_misses": 8215, "num_switches": 138, "partially_tracked": 31
      },
      "MOT16-04": {
        "idf1": 0.699526, "idp": 0.759893, "idr": 0.648043, "mostly_lost": 15, "mostly_tracked": 42,
        "mota": 0.583931, "motp": 0.167335, "num_detections": 34199, "num_false_positives": 6358, "num_fragmentations": 255,
        "num_misses": 13358, "num_switches": 71, "partially_tracked": 26
      },
      "MOT16-05": {
        "idf1": 0.608355, "idp": 0.726384, "idr": 0.523321, "mostly_lost": 27, "mostly_tracked": 29,
        "mota": 0.515254, "motp": 0.21523, "num_detections": 4245, "num_false_positives": 667, "num_fragmentations": 115,
        "num_misses": 2573, "num_switches": 65, "partially_tracked": 69
      },
      "MOT16-09": {
        "idf1": 0.562159, "idp": 0.643067, "idr": 0.499334, "mostly_lost": 1.0, "mostly_tracked": 13,
        "mota": 0.646186, "motp": 0.161492, "num_detections": 3760, "num_false_positives": 322, "num_fragmentations": 59,
        "num_misses": 1497, "num_switches": 41, "partially_tracked": 11
      },
      "MOT16-10": {
        "idf1": 0.539725, "idp": 0.533873, "idr": 0.545705, "mostly_lost": 1.0, "mostly_tracked": 24,
        "mota": 0.486524, "motp": 0.228225, "num_detections": 9413, "num_false_positives": 3178, "num_fragmentations": 310,
        "num_misses": 2905, "num_switches": 242, "partially_tracked": 29
      },
      "MOT16-11": {
        "idf1": 0.63259, "idp": 0.683365, "idr": 0.588838, "mostly_lost": 7, "mostly_tracked": 29,
        "mota": 0.654458, "motp": 0.152282, "num_detections": 6987, "num_false_positives": 918, "num_fragmentations": 96,
        "num_misses": 2187, "num_switches": 65, "partially_tracked": 33
      },
      "MOT16-13": {
        "idf1": 0.560935, "idp": 0.528544, "idr": 0.597555, "mostly_lost": 6, "mostly_tracked": 65,
        "mota": 0.449083, "motp": 0.236638, "num_detections": 9200, "num_false_positives": 3745, "num_fragmentations": 352,
        "num_misses": 2250, "num_switches": 313, "partially_tracked": 36
      },
      "TUD-Campus": {
        "idf1": 0.557659, "idp": 0.72973, "idr": 0.451253, "mostly_lost": 1.0, "mostly_tracked": 1.0,
        "mota": 0.526462, "motp": 0.277201, "num_detections": 209, "num_false_positives": 13, "num_fragmentations": 7,
        "num_misses": 150, "num_switches": 7, "partially_tracked": 6
      },
      "TUD-Stadtmitte": {
        "idf1": 0.644619, "idp": 0.81976, "idr": 0.531142, "mostly_lost": 1.0, "mostly_tracked": 5,
        "mota": 0.564014, "motp": 0.345904, "num_detections": 704, "num_false_positives": 45, "num_fragmentations": 6,
        "num_misses": 452, "num_switches": 7, "partially_tracked": 4
      }
    },
    "trackeval": {
      "MOT16": {
        "AssA": 0.516467, "CLR_FN": 33306, "CLR_FP": 13225, "CLR_TP": 77101, "DetA": 0.52402,
        "Frag": 1416, "HOTA": 0.518138, "IDF1": 0.619709, "IDP": 0.688595, "IDR": 0.563352,
        "IDSW": 959, "LocA": 0.829165, "ML": 69, "MOTA": 0.569864, "MOTP": 0.810535,
        "MT": 210, "PT": 238
      },
      "MOT16-02": {
        "AssA": 0.306454, "CLR_FN": 8267, "CLR_FP": 1794, "CLR_TP": 9566, "DetA": 0.392392,
        "Frag": 241, "HOTA": 0.345583, "IDF1": 0.441887, "IDP": 0.567782, "IDR": 0.361689,
        "IDSW": 145, "LocA": 0.81516, "ML": 11, "MOTA": 0.42769, "MOTP": 0.789952,
        "MT": 11, "PT": 32
      },
      "MOT16-04": {
        "AssA": 0.630411, "CLR_FN": 13628, "CLR_FP": 3505, "CLR_TP": 33929, "DetA": 0.582418,
        "Frag": 255, "HOTA": 0.604792, "IDF1": 0.719817, "IDP": 0.817145, "IDR": 0.643207,
        "IDSW": 74, "LocA": 0.844535, "ML": 16, "MOTA": 0.638182, "MOTP": 0.83207,
        "MT": 39, "PT": 28
      },
      "MOT16-05": {
        "AssA": 0.469587, "CLR_FN": 2573, "CLR_FP": 661, "CLR_TP": 4245, "DetA": 0.457387,
        "Frag": 113, "HOTA": 0.461876, "IDF1": 0.608666, "IDP": 0.727273, "IDR": 0.523321,
        "IDSW": 65, "LocA": 0.808972, "ML": 27, "MOTA": 0.516134, "MOTP": 0.785446,
        "MT": 29, "PT": 69
      },
      "MOT16-09": {
        "AssA": 0.395691, "CLR_FN": 1497, "CLR_FP": 322, "CLR_TP": 3760, "DetA": 0.582376,
        "Frag": 58, "HOTA": 0.47948, "IDF1": 0.562159, "IDP": 0.643067, "IDR": 0.499334,
        "IDSW": 44, "LocA": 0.850757, "ML": 1.0, "MOTA": 0.645615, "MOTP": 0.838749,
        "MT": 13, "PT": 11
      },
      "MOT16-10": {
        "AssA": 0.413318, "CLR_FN": 2905, "CLR_FP": 2290, "CLR_TP": 9413, "DetA": 0.513483,
        "Frag": 307, "HOTA": 0.459367, "IDF1": 0.559677, "IDP": 0.574383, "IDR": 0.545705,
        "IDSW": 244, "LocA": 0.798833, "ML": 1.0, "MOTA": 0.558451, "MOTP": 0.771827,
        "MT": 24, "PT": 29
      },
      "MOT16-11": {
        "AssA": 0.515737, "CLR_FN": 2186, "CLR_FP": 909, "CLR_TP": 6988, "DetA": 0.597636,
        "Frag": 96, "HOTA": 0.554347, "IDF1": 0.632886, "IDP": 0.684057, "IDR": 0.588838,
        "IDSW": 72, "LocA": 0.859547, "ML": 7, "MOTA": 0.654785, "MOTP": 0.847739,
        "MT": 29, "PT": 33
      },
      "MOT16-13": {
        "AssA": 0.432145, "CLR_FN": 2250, "CLR_FP": 3744, "CLR_TP": 9200, "DetA": 0.481096,
        "Frag": 346, "HOTA": 0.452689, "IDF1": 0.560958, "IDP": 0.528585, "IDR": 0.597555,
        "IDSW": 315, "LocA": 0.790608, "ML": 6, "MOTA": 0.448996, "MOTP": 0.763905,
        "MT": 65, "PT": 36
      },
      "TUD": {
        "AssA": 0.41245, "CLR_FN": 602, "CLR_FP": 58, "CLR_TP": 913, "DetA": 0.397683,
        "Frag": 13, "HOTA": 0.399957, "IDF1": 0.624296, "IDP": 0.799176, "IDR": 0.512211,
        "IDSW": 14, "LocA": 0.73248, "ML": 2, "MOTA": 0.555116, "MOTP": 0.669823,
        "MT": 6, "PT": 10
      },
      "TUD-Campus": {
        "AssA": 0.369121, "CLR_FN": 150, "CLR_FP": 13, "CLR_TP": 209, "DetA": 0.418047,
        "Frag": 7, "HOTA": 0.391397, "IDF1": 0.557659, "IDP": 0.72973, "IDR": 0.451253,
        "IDSW": 7, "LocA": 0.770052, "ML": 1.0, "MOTA": 0.526462, "MOTP": 0.722799,
        "MT": 1.0, "PT": 6
      },
      "TUD-Stadtmitte": {
        "AssA": 0.408841, "CLR_FN": 452, "CLR_FP": 45, "CLR_TP": 704, "DetA": 0.392268,
        "Frag": 6, "HOTA": 0.397849, "IDF1": 0.644619, "IDP": 0.81976, "IDR": 0.531142,
        "IDSW": 7, "LocA": 0.737521, "ML": 1.0, "MOTA": 0.564014, "MOTP": 0.654096,
        "MT": 5, "PT": 4
      }
    }
  }
  """
