"""What stores answer instead of what was asked for, as far as it may be repeated.

Whoever names an endpoint could otherwise read through the server what other hosts answer. So of an answer only its
status is told, and its code when that is one of those that S3 and OSS are known to give.
Sources: API reference of Amazon S3, Error responses; help page of OSS, error codes; Ceph, rgw_common.cc.
"""

from __future__ import annotations

_CODES = """
    AccessDenied AccessForbidden AccountProblem AllAccessDisabled AuthorizationHeaderMalformed
    AuthorizationQueryParametersError BadDigest BadRequest BucketRegionError CallbackFailed
    ConditionalRequestConflict EntityTooLarge ExpiredToken Forbidden IllegalLocationConstraintException
    InternalError InvalidAccessKeyId InvalidArgument InvalidBucketName InvalidBucketState InvalidDigest
    InvalidEncryptionAlgorithmError InvalidLocationConstraint InvalidObjectName InvalidObjectState
    InvalidParameter InvalidPayer InvalidRange InvalidRegionName InvalidRequest InvalidResponse InvalidSecurity
    InvalidSecurityToken InvalidTargetType InvalidToken InvalidURI KMS.DisabledException KMS.NotFoundException
    KeyTooLongError MaxMessageLengthExceeded MethodNotAllowed MissingArgument MissingAuthenticationToken
    MissingSecurityHeader NoSuchBucket NoSuchKey NoSuchUpload NoSuchVersion NotFound NotImplemented NotModified
    NotSignedUp NotSuchObject OperationAborted PermanentRedirect PreconditionFailed QpsLimitExceeded Redirect
    RequestTimeTooSkewed RequestTimeout RequestTimeoutException RestoreAlreadyInProgress SecurityTokenExpired
    SecurityTokenMalformed SecurityTokenNotSupported ServerSideEncryptionConfigurationNotFoundError
    ServiceUnavailable SignatureDoesNotMatch SlowDown SlowDownRead SymlinkTargetNotExist TemporaryRedirect
    Throttling ThrottlingException TokenRefreshRequired TooManyBuckets TooManyRequests UnauthorizedAccess
    UnexpectedContent UserDisable UserSuspended XMinioServerNotInitialized XMinioStorageInsufficientReadQuorum
"""
KNOWN_CODES = frozenset(_CODES.split())


def told_code(code: str) -> str:
    """The code when it is a known one; else nothing."""
    return code if code in KNOWN_CODES else ""
