"""Evaluation of samples: sample sets, reference data, metrics, and the protocol of each score."""

from typing import TYPE_CHECKING

from lightning_gan.utils.lazy_imports import attribute_importer

__all__ = [
    "EvaluationContext",
    "EvaluationProtocol",
    "EvaluationResult",
    "FIDMetric",
    "FeatureMetric",
    "ImageSet",
    "InceptionScoreMetric",
    "IndexedBatch",
    "KIDMetric",
    "ModelSamples",
    "PrecisionRecallMetric",
    "ReferenceImages",
    "ReferenceStatistics",
    "SampleSet",
    "Score",
    "compute_reference_statistics",
    "default_extractor",
    "describe_generator",
    "holds_on_all_ranks",
    "make_score_name",
    "protocol_from_dict",
    "score_over_seeds",
    "score_samples",
]

if TYPE_CHECKING:
    from lightning_gan.evaluation.default_features import default_extractor
    from lightning_gan.evaluation.feature_metrics import (
        FeatureMetric,
        FIDMetric,
        InceptionScoreMetric,
        KIDMetric,
        PrecisionRecallMetric,
    )
    from lightning_gan.evaluation.protocol import EvaluationProtocol, Score, protocol_from_dict
    from lightning_gan.evaluation.reference import (
        ReferenceImages,
        ReferenceStatistics,
        compute_reference_statistics,
        holds_on_all_ranks,
    )
    from lightning_gan.evaluation.sample_sets import (
        ImageSet,
        IndexedBatch,
        ModelSamples,
        SampleSet,
        describe_generator,
    )
    from lightning_gan.evaluation.scoring import (
        EvaluationContext,
        EvaluationResult,
        make_score_name,
        score_over_seeds,
        score_samples,
    )
else:
    MODULES = {
        "EvaluationContext": f"{__name__}.scoring",
        "EvaluationProtocol": f"{__name__}.protocol",
        "EvaluationResult": f"{__name__}.scoring",
        "FIDMetric": f"{__name__}.feature_metrics",
        "FeatureMetric": f"{__name__}.feature_metrics",
        "ImageSet": f"{__name__}.sample_sets",
        "InceptionScoreMetric": f"{__name__}.feature_metrics",
        "IndexedBatch": f"{__name__}.sample_sets",
        "KIDMetric": f"{__name__}.feature_metrics",
        "ModelSamples": f"{__name__}.sample_sets",
        "PrecisionRecallMetric": f"{__name__}.feature_metrics",
        "ReferenceImages": f"{__name__}.reference",
        "ReferenceStatistics": f"{__name__}.reference",
        "SampleSet": f"{__name__}.sample_sets",
        "Score": f"{__name__}.protocol",
        "compute_reference_statistics": f"{__name__}.reference",
        "default_extractor": f"{__name__}.default_features",
        "describe_generator": f"{__name__}.sample_sets",
        "holds_on_all_ranks": f"{__name__}.reference",
        "make_score_name": f"{__name__}.scoring",
        "protocol_from_dict": f"{__name__}.protocol",
        "score_over_seeds": f"{__name__}.scoring",
        "score_samples": f"{__name__}.scoring",
    }
    __getattr__ = attribute_importer(__name__, MODULES)
