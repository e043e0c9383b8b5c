"""Reads the models of tree libraries: XGBoost, LightGBM, CatBoost. They hold numbers, no code."""
